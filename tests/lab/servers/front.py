"""Web, proxies, caches, mail: see `table`."""

from tests.lab.servers.server import Server

FRONT: tuple[Server, ...] = (
    # web
    Server(
        "nginx",
        "nginx-light",
        (80, 443),
        "nginx -p $dir -c $dir/conf",
        {
            "conf": """
            daemon off; pid $dir/pid; error_log $dir/log; worker_processes 1; events { worker_connections 512; }
            http { access_log off; client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f;
                uwsgi_temp_path $dir/u; scgi_temp_path $dir/s; ssl_certificate $cert; ssl_certificate_key $key;
                server { listen $at:80; listen $at:443 ssl; location / { default_type text/html;
                    return 200 "<html><head><title>lab</title></head><body>one page</body></html>"; } } }
            """
        },
        kind="web",
    ),
    Server(
        "apache",
        "apache2-bin",
        (80,),
        "apache2 -DFOREGROUND -d $dir -f $dir/conf",
        {
            "conf": """
            LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
            LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
            ServerName lab
            Listen $at:80
            PidFile $dir/pid
            ErrorLog $dir/log
            DocumentRoot $dir
            User www-data
            Group www-data
            """,
            "index.html": "<title>lab</title>",
        },
        kind="web",
    ),
    Server(
        "lighttpd",
        "lighttpd",
        (80,),
        "lighttpd -D -f $dir/conf",
        {
            "conf": """
            server.document-root = "$dir"
            server.bind = "$at"
            server.port = 80
            index-file.names = ( "index.html" )
            """,
            "index.html": "<title>lab</title>",
        },
        kind="web",
    ),
    Server(
        "caddy",
        "caddy",
        (80,),
        "caddy run --config $dir/Caddyfile --adapter caddyfile",
        {
            "Caddyfile": """{
    admin off
    auto_https off
    storage file_system $dir
}
http://:80 {
    bind $at
    respond "lab"
}
"""
        },
        kind="web",
    ),
    Server(
        "gunicorn",
        "gunicorn",
        (8000,),
        "gunicorn --chdir $dir -b $at:8000 page:page",
        {
            "page.py": "def page(environ, start):\n"
            "    start('200 OK', [('Content-Type', 'text/html')])\n"
            "    return [b'<title>lab</title>']\n"
        },
        kind="web",
    ),
    Server("python-http", "python3", (8080,), "/usr/bin/python3 -m http.server 8080 --bind $at -d $dir", kind="web"),
    # proxies and caches
    Server(
        "squid",
        "squid",
        (3128,),
        "squid -N -f $dir/conf",
        {
            "conf": """
            http_port $at:3128
            http_access deny all
            pid_filename none
            access_log none
            cache_log $dir/log
            cache deny all
            coredump_dir $dir
            pinger_enable off
            visible_hostname lab
            """
        },
        kind="cache",
    ),
    Server("varnish", "varnish", (6081,), "varnishd -F -j none -a $at:6081 -b 198.19.0.1:80 -n $dir/run", kind="cache"),
    Server(
        "haproxy",
        "haproxy",
        (8081,),
        "haproxy -db -f $dir/conf",
        {
            "conf": """
            defaults
                mode http
                timeout connect 2s
                timeout client 5s
                timeout server 5s
            frontend lab
                bind $at:8081
                default_backend none
            backend none
                server none 198.19.0.250:1
            """.replace("            ", "")
        },
        kind="cache",
    ),
    Server(
        "tinyproxy",
        "tinyproxy-bin",
        (8888,),
        "tinyproxy -d -c $dir/conf",
        {"conf": 'Port 8888\nListen $at\nTimeout 30\nLogFile "$dir/log"\nLogLevel Error\nMaxClients 50\n'},
        kind="cache",
    ),
    Server("memcached", "memcached", (11211,), "memcached -u nobody -l $at -U 0", kind="cache"),
    Server(
        "stunnel",
        "stunnel4",
        (6380,),
        "stunnel4 $dir/conf",
        {"conf": "foreground = yes\npid =\n[lab]\naccept = $at:6380\nconnect = 198.19.0.30:6379\ncert = $pem\n"},
        kind="cache",
    ),
    # mail and news
    Server(
        "exim",
        "exim4-daemon-light",
        (25,),
        "exim4 -bdf -C $dir/conf",
        {
            "conf": """
            spool_directory = $dir/spool
            log_file_path = $dir/log-%s
            pid_file_path = $dir/pid
            primary_hostname = mail.lab.invalid
            local_interfaces = $at
            daemon_smtp_ports = 25
            host_lookup =
            rfc1413_query_timeout = 0s
            keep_environment =
            exim_user = Debian-exim
            exim_group = Debian-exim
            """.replace("            ", "")
        },
        ("install -d -o Debian-exim -g Debian-exim $dir/spool", "chown Debian-exim $dir"),
        kind="mail",
    ),
    Server(
        "dovecot",
        "dovecot-imapd dovecot-pop3d",
        (110, 143, 993, 995),
        "dovecot -F -c $dir/conf",
        {
            "conf": """
            base_dir = $dir/run
            state_dir = $dir/state
            log_path = $dir/log
            protocols = imap pop3
            listen = $at
            ssl = yes
            ssl_cert = <$cert
            ssl_key = <$key
            passdb {
              driver = static
              args = password=none
            }
            userdb {
              driver = static
              args = uid=mail gid=mail home=$dir
            }
            """
        },
        kind="mail",
    ),
)

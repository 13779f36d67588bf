"""Files, remote access, names, databases, queues, directory, printing, chat and the rest: see `table`."""

from tests.lab.servers.server import Server

BACK: tuple[Server, ...] = (
    # files
    Server(
        "proftpd",
        "proftpd-core",
        (21,),
        "proftpd -n -c $dir/conf",
        {
            "conf": """
            ServerName "lab"
            ServerType standalone
            DefaultAddress $at
            SocketBindTight on
            Port 21
            UseIPv6 off
            PidFile $dir/pid
            ScoreboardFile $dir/score
            SystemLog $dir/log
            User nobody
            Group nogroup
            """
        },
        kind="ftp",
    ),
    Server(
        "vsftpd",
        "vsftpd",
        (21,),
        "$bin/vsftpd/usr/sbin/vsftpd $dir/conf",
        {
            "conf": "listen=YES\nlisten_ipv6=NO\nlisten_address=$at\nbackground=NO\nanonymous_enable=YES\n"
            "secure_chroot_dir=$dir/empty\nanon_root=$dir/empty\nseccomp_sandbox=NO\n"
        },
        ("mkdir $dir/empty",),
        kind="ftp",
        unpacked=True,
    ),
    Server(
        "pure-ftpd",
        "pure-ftpd",
        (21,),
        "$bin/pure-ftpd/usr/sbin/pure-ftpd -S $at,21 -g $dir/pid -H",
        kind="ftp",
        unpacked=True,
    ),
    Server(
        "rsync",
        "rsync",
        (873,),
        "rsync --daemon --no-detach --address=$at --config=$dir/conf",
        {"conf": "use chroot = no\nreverse lookup = no\n[lab]\n  path = $dir\n  comment = lab\n"},
        kind="files",
    ),
    Server(
        "samba",
        "samba",
        (445,),
        "smbd -F --no-process-group -s $dir/conf",
        {
            "conf": "[global]\nworkgroup = LAB\nserver string = lab\nprivate dir = $dir\nlock directory = $dir\n"
            "state directory = $dir\ncache directory = $dir\npid directory = $dir\nncalrpc dir = $dir/rpc\n"
            "log file = $dir/log\nsmb ports = 445\ninterfaces = $at/32\nbind interfaces only = yes\n"
            "load printers = no\nprinting = bsd\n"
            "printcap name = /dev/null\ndisable spoolss = yes\n"
        },
        kind="files",
    ),
    Server(
        "git",
        "git",
        (9418,),
        "/usr/lib/git-core/git-daemon --listen=$at --base-path=$dir --export-all $dir",
        kind="files",
    ),
    Server(
        "svnserve",
        "subversion",
        (3690,),
        "svnserve -d --foreground --listen-host $at --listen-port 3690 -r $dir",
        kind="files",
    ),
    Server(
        "nbd",
        "nbd-server",
        (10809,),
        "nbd-server -d -C $dir/conf",
        {"conf": "[generic]\nlistenaddr = $at\nport = 10809\n[lab]\nexportname = $dir/disk\n", "disk": "x" * 4096},
        kind="files",
    ),
    # remote access
    Server(
        "openssh",
        "openssh-server",
        (22,),
        "/usr/sbin/sshd -D -f /dev/null -h $dir/key -o ListenAddress=$at:22 -o PidFile=none -o UseDNS=no",
        before=("ssh-keygen -q -t ed25519 -N '' -f $dir/key",),
        kind="ssh",
    ),
    Server(
        "dropbear",
        "dropbear-bin",
        (22,),
        "dropbear -F -E -r $dir/key -p $at:22 -P $dir/pid",
        before=("dropbearkey -t ed25519 -f $dir/key",),
        kind="ssh",
    ),
    Server(
        "xrdp",
        "xrdp",
        (3389,),
        "xrdp --nodaemon -c $dir/xrdp.ini",
        {
            "xrdp.ini": "[Globals]\nini_version=1\nfork=true\nport=tcp://$at:3389\nsecurity_layer=negotiate\n"
            "crypt_level=high\ncertificate=$cert\nkey_file=$key\nssl_protocols=TLSv1.2, TLSv1.3\n"
            "[Logging]\nLogFile=$dir/log\nLogLevel=ERROR\nEnableSyslog=false\n[Xvnc]\nname=Xvnc\nlib=libvnc.so\n"
        },
        kind="remote",
    ),
    Server(
        "tigervnc",
        "tigervnc-standalone-server",
        (5900,),
        "Xtigervnc :57 -rfbport 5900 -interface $at -SecurityTypes None -localhost=0 -nolisten unix",
        kind="remote",
    ),
    Server(
        "openvpn",
        "openvpn",
        (1194,),
        "openvpn --dev null --proto tcp-server --local $at --lport 1194 --tls-server --dh none --ca $cert "
        "--cert $cert --key $key --ifconfig-noexec",
        kind="vpn",
    ),
    # names
    Server(
        "bind",
        "bind9",
        (53,),
        "named -f -c $dir/conf",
        {
            "conf": 'options { directory "$dir"; listen-on { $at; }; listen-on-v6 { none; }; recursion no; '
            'pid-file "$dir/pid"; session-keyfile "$dir/session"; managed-keys-directory "$dir"; '
            "dnssec-validation no; };\n"
        },
        kind="dns",
    ),
    Server(
        "dnsmasq",
        "dnsmasq-base",
        (53,),
        "dnsmasq -k -C /dev/null -a $at --bind-interfaces -R -h -u nobody --pid-file=",
        kind="dns",
    ),
    Server(
        "unbound",
        "unbound",
        (53,),
        "unbound -d -c $dir/conf",
        {
            "conf": "server:\n  interface: $at\n  access-control: 0.0.0.0/0 allow\n  use-syslog: no\n"
            '  logfile: ""\n  chroot: ""\n  directory: "$dir"\n  pidfile: ""\n  username: ""\n  do-ip6: no\n'
            "remote-control:\n  control-enable: no\n"
        },
        kind="dns",
    ),
    # databases
    Server(
        "mariadb",
        "mariadb-server-core",
        (3306,),
        "mariadbd --no-defaults --skip-grant-tables --datadir=$dir/data --bind-address=$at --socket=$dir/s "
        "--pid-file=$dir/pid --user=nobody --skip-name-resolve --innodb-buffer-pool-size=8M",
        before=("install -d -o nobody $dir/data", "chown nobody $dir"),
        kind="database",
    ),
    Server(
        "postgresql",
        "postgresql-15",
        (5432,),
        "/usr/lib/postgresql/15/bin/postgres -D $dir/data -h $at -k $dir",
        before=("/usr/lib/postgresql/15/bin/initdb -A trust -N -D $dir/data",),
        user="postgres",
        kind="database",
    ),
    Server(
        "redis",
        "redis-server",
        (6379,),
        "redis-server --port 6379 --bind $at --protected-mode no --save '' --dir $dir",
        kind="database",
    ),
    Server(
        "etcd",
        "etcd-server",
        (2379,),
        "etcd --data-dir $dir/data --listen-client-urls http://$at:2379 --advertise-client-urls http://$at:2379 "
        "--listen-peer-urls http://$at:2380 --unsafe-no-fsync",
        kind="database",
    ),
    # queues
    Server("epmd", "erlang-base", (4369,), "epmd -address $at", kind="queue"),
    Server(
        "rabbitmq",
        "rabbitmq-server",
        (5672,),
        "env HOME=$dir RABBITMQ_NODENAME=lab@localhost RABBITMQ_NODE_IP_ADDRESS=$at RABBITMQ_NODE_PORT=5672 "
        "RABBITMQ_MNESIA_BASE=$dir/data RABBITMQ_LOG_BASE=$dir/log RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins "
        "RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_PID_FILE=$dir/pid /usr/lib/rabbitmq/bin/rabbitmq-server",
        {"plugins": "[].\n"},
        kind="queue",
    ),
    Server(
        "mosquitto",
        "mosquitto",
        (1883,),
        "mosquitto -c $dir/conf",
        {"conf": "listener 1883 $at\nallow_anonymous true\n"},
        kind="queue",
    ),
    Server("beanstalkd", "beanstalkd", (11300,), "beanstalkd -l $at -p 11300", kind="queue"),
    Server("gearmand", "gearman-job-server", (4730,), "gearmand -L $at -p 4730 -l $dir/log -u nobody", kind="queue"),
    # directory, printing, chat and other
    Server(
        "slapd",
        "slapd",
        (389,),
        "slapd -d 0 -h ldap://$at:389 -f $dir/conf",
        {
            "conf": "include /etc/ldap/schema/core.schema\npidfile $dir/pid\nmodulepath /usr/lib/ldap\n"
            'moduleload back_mdb\ndatabase mdb\nsuffix "dc=lab,dc=invalid"\ndirectory $dir/data\n'
        },
        ("mkdir $dir/data",),
        kind="directory",
    ),
    Server(
        "cups",
        "cups-daemon",
        (8631,),
        "cupsd -f -c $dir/conf -s $dir/files",
        {
            "conf": "Listen $at:8631\nListen $dir/socket\nBrowsing Off\n"
            "WebInterface Yes\nDefaultAuthType None\nLogLevel error\n"
            "<Location />\n  Order allow,deny\n  Allow all\n</Location>\n",
            "files": "ErrorLog $dir/log\nAccessLog $dir/access\nPageLog $dir/page\nCacheDir $dir\nStateDir $dir\n"
            "RequestRoot $dir/spool\nTempDir $dir/tmp\nServerRoot $dir\nServerKeychain $dir\n",
        },
        ("mkdir $dir/tmp", "chmod 1777 $dir/tmp"),
        kind="printing",
    ),
    Server(
        "ngircd",
        "ngircd",
        (6667,),
        "ngircd -n -f $dir/conf",
        {
            "conf": "[Global]\nName = irc.lab.invalid\nInfo = lab\nListen = $at\nPorts = 6667\n"
            "AdminInfo1 = lab\nServerUID = nobody\nServerGID = nogroup\n[Options]\nDNS = no\nIdent = no\nPAM = no\n"
        },
        kind="chat",
    ),
    Server(
        "prosody",
        "prosody",
        (5222,),
        "prosody -F --config $dir/prosody.cfg.lua",
        {
            "prosody.cfg.lua": 'run_as_root = true\npidfile = "$dir/pid"\ndata_path = "$dir"\ninterfaces = { "$at" }\n'
            's2s_ports = {}\nmodules_disabled = { "s2s" }\nc2s_require_encryption = false\n'
            'log = { error = "$dir/log" }\nVirtualHost "lab.invalid"\n'
        },
        kind="chat",
    ),
    Server("rpcbind", "rpcbind", (111,), "rpcbind -f -w -h $at", kind="iot"),
    Server(
        "distccd",
        "distcc",
        (3632,),
        "distccd --daemon --no-detach --listen $at --port 3632 --allow 0.0.0.0/0 --user nobody --log-file=$dir/log",
        kind="iot",
    ),
    Server(
        "nrpe",
        "nagios-nrpe-server",
        (5666,),
        "nrpe -f -c $dir/conf",
        {
            "conf": "server_address=$at\nserver_port=5666\nnrpe_user=nobody\nnrpe_group=nogroup\npid_file=$dir/pid\n"
            "allowed_hosts=0.0.0.0/0\nssl_version=TLSv1.2+\nlog_facility=daemon\ncommand[x]=/bin/true\n"
        },
        kind="iot",
    ),
    Server(
        "icecast",
        "icecast2",
        (8001,),
        "icecast2 -c $dir/conf",
        {
            "conf": "<icecast><hostname>lab</hostname><authentication><source-password>x</source-password>"
            "</authentication><listen-socket><port>8001</port><bind-address>$at</bind-address></listen-socket>"
            "<paths><logdir>$dir</logdir><webroot>/usr/share/icecast2/web</webroot>"
            "<adminroot>/usr/share/icecast2/admin</adminroot><pidfile>$dir/pid</pidfile></paths>"
            "<logging><accesslog>a</accesslog><errorlog>e</errorlog></logging>"
            "<security><chroot>0</chroot><changeowner><user>nobody</user><group>nogroup</group></changeowner>"
            "</security></icecast>"
        },
        ("chown nobody $dir",),
        kind="iot",
    ),
)

"""Service probes of the installed nmap, read at run time: the file, matching, and the conversation that asks."""

"""`python -m secops` is `secops`."""

from secops.cli.main import main

raise SystemExit(main())

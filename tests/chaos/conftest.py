"""Real servers for the tests of this folder."""

import importlib.util
import sys
from pathlib import Path

_PATH = Path(__file__).parents[1] / "servers" / "fixtures.py"
if "secops_test_fixtures" not in sys.modules:
    _SPEC = importlib.util.spec_from_file_location("secops_test_fixtures", _PATH)
    sys.modules["secops_test_fixtures"] = importlib.util.module_from_spec(_SPEC)
    _SPEC.loader.exec_module(sys.modules["secops_test_fixtures"])
elasticsearch = sys.modules["secops_test_fixtures"].elasticsearch
postgres = sys.modules["secops_test_fixtures"].postgres
own_postgres = sys.modules["secops_test_fixtures"].own_postgres

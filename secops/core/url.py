"""An address as it may be shown: whatever in it could be a password is left out."""

import re


def shown(url: str) -> str:
    """The address without a password, be it before the host or among the parameters."""
    hidden = re.sub(r"//[^/?#]*@", lambda found: "//" + found[0][2:-1].partition(":")[0] + "@", url)
    return re.sub(r"(?i)(pass(?:word|wd)?)=[^&\s]*", r"\1=***", hidden)

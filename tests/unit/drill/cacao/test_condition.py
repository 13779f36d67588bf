"""Conditions have one meaning, variables are data, and what does not compare is an error."""

import pytest

from secops.drill.cacao.condition import ConditionError, check, holds, parse
from secops.drill.cacao.playbook import Variable

VARIABLES = {
    name: Variable(name, kind, value)
    for name, kind, value in (
        ("__n__", "integer", "5"),
        ("__s__", "string", "abc"),
        ("__b__", "bool", "true"),
        ("__f__", "float", "1.5"),
        ("__ip__", "ipv4-addr", "10.1.2.3"),
        ("__null__", "string", None),
        ("__bad__", "integer", "many"),
        ("__empty__", "string", ""),
        ("__evil__", "string", "1' OR 'a'='a"),
    )
}


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("__n__:value > 4", True),
        ("__n__:value >= 5 AND __n__:value <= 5", True),
        ("__n__:value != 5", False),
        ("NOT __n__:value = 5", False),
        ("__n__:value = 5.0", True),
        ("5 < __n__:value OR __b__:value = true", True),
        ("__n__:value = 1 OR __n__:value = 5 AND __b__:value = false", False),
        ("(__n__:value = 5 OR __n__:value = 1) AND __b__:value = true", True),
        ("__s__:value LIKE 'a%'", True),
        ("__s__:value LIKE '_b_'", True),
        ("__s__:value LIKE 'b%'", False),
        ("__s__:value IN ('x', 'abc')", True),
        ("__n__:value NOT IN (1, 2)", True),
        ("__ip__:value ISSUBSET '10.0.0.0/8'", True),
        ("__ip__:value = '10.1.2.3'", True),
        ("'10.0.0.0/8' ISSUPERSET __ip__:value", True),
        ("__empty__:value = ''", True),
        ("__f__:value < 2", True),
        ("__s__:value < 'b'", True),
        ("__evil__:value = 'x'", False),
        ("__evil__:value = '1\\' OR \\'a\\'=\\'a'", True),
    ],
)
def test_truth(text, truth):
    """Each operator means what STIX says it means, and a hostile value stays a value."""
    tree = parse(text)
    check(tree, VARIABLES)
    assert holds(tree, VARIABLES) is truth


@pytest.mark.parametrize(
    "text",
    ["__null__:value = 'x'", "__bad__:value > 1", "__gone__:value = 1", "__null__:value = 'x' OR __n__:value = 5"],
)
def test_unknown_is_an_error(text):
    """A value that is unknown, of another type, or of no variable has no truth."""
    with pytest.raises(ConditionError):
        holds(parse(text), VARIABLES)


@pytest.mark.parametrize(
    "text", ["__n__:value = 'five'", "__b__:value > true", "__s__:value LIKE 3", "__n__:value = true"]
)
def test_types_that_never_compare(text):
    """What can never compare is said before anything runs, and when it runs."""
    with pytest.raises(ConditionError):
        check(parse(text), VARIABLES)
    with pytest.raises(ConditionError):
        holds(parse(text), VARIABLES)


@pytest.mark.parametrize(
    "text",
    ["", "__n__ > 4", "__n__:value", "__n__:value > ", "__n__:value MATCHES 'a'", "__s__:value = abc",
     "(__n__:value = 5", "__n__:value = 5 extra", "; drop", "__n__:value = 5" + " AND __n__:value = 5" * 200,
     "(" * 50 + "__n__:value = 5"],
)  # fmt: skip
def test_malformed(text):
    """What is no condition is refused with the place of the fault, and nothing runs for ever."""
    with pytest.raises(ConditionError) as error:
        parse(text)
    assert 0 <= error.value.at <= len(text)

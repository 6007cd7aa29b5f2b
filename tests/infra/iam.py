"""Evaluates IAM policies, as far as our templates use them; anything else is an error, never a guess.

Effects Allow and Deny, wildcards in actions and resources, a handful of condition operators. Who is not allowed is
denied, and a Deny wins over every Allow.
"""

import re


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def matches(pattern: str, value: str, ignore_case=False) -> bool:
    """`*` stands for any run of characters, also slashes, and `?` for one."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


OPERATORS = {
    "StringEquals": lambda wanted, found: wanted == found,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "NumericLessThan": lambda wanted, found: float(found) < float(wanted),
}


def holds(condition: dict, context: dict) -> bool:
    for operator, keys in condition.items():
        test = OPERATORS[operator]
        for key, wanted in keys.items():
            # What the request does not say satisfies none of these operators.
            found = context.get(key)
            if found is None or not any(test(one, found) for one in listed(wanted)):
                return False
    return True


def applies(statement: dict, action: str, resource: str, context: dict) -> bool:
    unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    assert not unknown, f"not known here: {unknown}"
    return (
        any(matches(one, action, ignore_case=True) for one in listed(statement["Action"]))
        and any(matches(one, resource) for one in listed(statement["Resource"]))
        and holds(statement.get("Condition", {}), context)
    )


def allowed(statements: list, action: str, resource: str, context: dict | None = None) -> bool:
    applying = [s["Effect"] for s in statements if applies(s, action, resource, context or {})]
    assert set(applying) <= {"Allow", "Deny"}
    return "Allow" in applying and "Deny" not in applying

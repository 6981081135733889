"""Network policies, judged as a network plugin does: https://kubernetes.io/docs/concepts/services-networking/network-policies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Literal

Document = Mapping[str, Any]
Direction = Literal["Ingress", "Egress"]

PEERS = {"Ingress": "from", "Egress": "to"}
NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Peer:
    """A pod, or a host outside the cluster, which has neither namespace nor labels."""

    address: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)


def may_talk(policies: Iterable[Document], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection passes: what selects the source lets it out, and what selects the target lets it in."""
    known = list(policies)
    return _passes(known, "Egress", source, target, target, port, protocol) and _passes(
        known, "Ingress", target, source, target, port, protocol
    )


def _passes(
    policies: list[Document], way: Direction, pod: Peer, other: Peer, target: Peer, port: int, protocol: str
) -> bool:
    """A pod that no policy selects for this direction is open; any other needs one rule that lets it through."""
    selecting = [policy for policy in policies if way in _types(policy) and _selects(policy, pod)]
    rules = [(policy, rule) for policy in selecting for rule in policy["spec"].get(way.lower(), [])]
    return not selecting or any(
        _names_peer(policy, rule.get(PEERS[way]), other) and _names_port(rule.get("ports"), target, port, protocol)
        for policy, rule in rules
    )


def _types(policy: Document) -> list[str]:
    usual = ["Ingress", "Egress"] if "egress" in policy["spec"] else ["Ingress"]
    return list(policy["spec"].get("policyTypes", usual))


def _selects(policy: Document, pod: Peer) -> bool:
    is_there = pod.namespace == policy["metadata"].get("namespace", "default")
    return is_there and _matches(policy["spec"]["podSelector"], pod.labels)


def _names_peer(policy: Document, peers: list[Document] | None, other: Peer) -> bool:
    return not peers or any(_is_peer(policy, peer, other) for peer in peers)


def _is_peer(policy: Document, peer: Document, other: Peer) -> bool:
    if block := peer.get("ipBlock"):
        address = ip_address(other.address)
        barred = (address in ip_network(cidr) for cidr in block.get("except", ()))
        return address in ip_network(block["cidr"]) and not any(barred)
    if not other.namespace:
        return False
    if (spaces := peer.get("namespaceSelector")) is None:
        is_there = other.namespace == policy["metadata"].get("namespace", "default")
    else:
        is_there = _matches(spaces, {NAME: other.namespace})
    return is_there and _matches(peer.get("podSelector", {}), other.labels)


def _names_port(ports: list[Document] | None, target: Peer, port: int, protocol: str) -> bool:
    return not ports or any(
        each.get("protocol", "TCP") == protocol
        and (
            "port" not in each
            or _number(each["port"], target) <= port <= each.get("endPort", _number(each["port"], target))
        )
        for each in ports
    )


def _number(port: int | str, target: Peer) -> int:
    return port if isinstance(port, int) else target.ports.get(port, -1)


def _matches(selector: Document, labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(_holds(each, labels) for each in selector.get("matchExpressions", ()))


def _holds(expression: Document, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]

"""A DHT node of libtorrent that a test drives over standard input and output, one JSON object a line.

Started with one argument: the UDP port. Each request {"op": ..., ...} gets one answer, {"ok": true, ...} or
{"ok": false, "error": ...}. It ends when standard input does. All of it stays on 127.0.0.1.
"""
import hashlib
import json
import sys
import time

import libtorrent as lt

SETTINGS = {
    "listen_interfaces": "127.0.0.1:" + sys.argv[1],
    "enable_dht": True,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "dht_bootstrap_nodes": "",
    # All nodes of a test share one address.
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_ignore_dark_internet": False,
    "dht_enforce_node_id": False,
    "dht_prefer_verified_node_ids": False,
    "dht_upload_rate_limit": 100_000_000,
    "dht_block_ratelimit": 1_000_000,
    "alert_mask": 0x7FFFFFFF,
}


def expanded(seed):
    """RFC 8032: what libtorrent calls the private key."""
    key = bytearray(hashlib.sha512(seed).digest())
    key[0] &= 248
    key[31] &= 63
    key[31] |= 64
    return bytes(key)


def wait_for(session, kind, seconds, fits):
    """What `fits` makes of the first alert of this kind for which it returns something."""
    end = time.time() + seconds
    while time.time() < end:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            if alert.what() == kind:
                found = fits(alert)
                if found is not None:
                    return found
    return None


def value_of(item):
    value = item.get("value") if isinstance(item, dict) else item
    return value.decode("utf-8") if isinstance(value, bytes) else value


def answer(session, request):
    op = request["op"]
    seconds = request.get("seconds", 20)
    if op == "nodes":
        return {"nodes": session.status().dht_nodes}
    if op == "add":
        session.add_dht_node(("127.0.0.1", request["port"]))
        return {}
    if op == "announce":
        params = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + request["hash"])
        params.save_path = request["folder"]
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        session.add_torrent(params).force_dht_announce()
        return {"port": session.listen_port()}
    if op == "peers":
        wanted = request["hash"]
        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(wanted)))
        peers = wait_for(
            session,
            "dht_get_peers_reply",
            seconds,
            lambda a: [list(p) for p in a.peers()] if str(a.info_hash) == wanted else None,
        )
        return {"peers": peers or []}
    if op == "put":
        return {"target": str(session.dht_put_immutable_item(request["text"]))}
    if op == "get":
        wanted = request["target"]
        session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(wanted)))
        return {
            "text": wait_for(
                session,
                "dht_immutable_item",
                seconds,
                lambda a: value_of(a.item) if str(a.target) == wanted else None,
            )
        }
    if op == "put-mutable":
        seed, key = bytes.fromhex(request["seed"]), bytes.fromhex(request["key"])
        session.dht_put_mutable_item(expanded(seed), key, request["text"].encode(), request["salt"].encode())
        return {}
    if op == "get-mutable":
        key = bytes.fromhex(request["key"])
        session.dht_get_mutable_item(key, request["salt"].encode())
        return {
            "text": wait_for(
                session,
                "dht_mutable_item",
                seconds,
                lambda a: value_of(a.item) if value_of(a.item) else None,
            )
        }
    raise ValueError("no such op: " + op)


def main():
    known = lt.default_settings()
    session = lt.session({key: value for key, value in SETTINGS.items() if key in known})
    for line in sys.stdin:
        try:
            reply = {"ok": True, **answer(session, json.loads(line))}
        except Exception as error:  # the test decides what to make of it
            reply = {"ok": False, "error": repr(error)}
        print(json.dumps(reply), flush=True)


main()

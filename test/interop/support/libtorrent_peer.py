"""A libtorrent session that a test drives over standard input and output, one JSON object a line.

Started with one argument: a JSON object of libtorrent settings. Each request {"op": ..., ...} gets one answer,
{"ok": true, ...} or {"ok": false, "error": ...}. It ends when standard input does. All of it stays on 127.0.0.1.
"""
import json
import os
import sys

import libtorrent as lt

BASE = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "connections_limit": 1000,
    "unchoke_slots_limit": -1,
    "active_seeds": 100,
    "active_downloads": 100,
    "active_limit": 300,
    "alert_mask": 0,
}

torrents = []


def info_of(ti):
    hashes = ti.info_hashes()
    files = ti.files()
    return {
        "name": ti.name(),
        "totalBytes": ti.total_size(),
        "pieceBytes": ti.piece_length(),
        "pieces": ti.num_pieces(),
        "private": ti.priv(),
        "v1": str(hashes.v1) if hashes.has_v1() else None,
        "v2": str(hashes.v2) if hashes.has_v2() else None,
        "files": [
            {
                "path": files.file_path(i),
                "bytes": files.file_size(i),
                "pad": bool(files.file_flags(i) & lt.file_storage.flag_pad_file),
            }
            for i in range(files.num_files())
        ],
    }


def status_of(handle):
    s = handle.status()
    return {
        "state": str(s.state),
        "seeding": s.is_seeding,
        "progress": s.progress,
        "pieces": sum(1 for have in s.pieces if have),
        "peers": s.num_peers,
        "downloadedBytes": s.total_payload_download,
        "uploadedBytes": s.total_payload_upload,
        "failedBytes": s.total_failed_bytes,
        "error": s.errc.message() if s.errc.value() else None,
    }


def peer_of(p):
    return {
        "host": p.ip[0],
        "port": p.ip[1],
        "client": p.client if isinstance(p.client, str) else p.client.decode("utf-8", "replace"),
        "progress": p.progress,
        "uploadedBytes": p.total_upload,
        "downloadedBytes": p.total_download,
        "fast": bool(p.flags & lt.peer_info.supports_extensions),
    }


def create(request):
    path = request["path"]
    storage = lt.file_storage()
    lt.add_files(storage, path)
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[request["kind"]]
    torrent = lt.create_torrent(storage, piece_size=request.get("pieceBytes", 0), flags=flags)
    for tier, tracker in enumerate(request.get("trackers", [])):
        torrent.add_tracker(tracker, tier)
    for url in request.get("webSeeds", []):
        torrent.add_url_seed(url)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    with open(request["out"], "wb") as out:
        out.write(lt.bencode(torrent.generate()))
    return info_of(lt.torrent_info(request["out"]))


def add(session, request):
    if "magnet" in request:
        params = lt.parse_magnet_uri(request["magnet"])
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(request["torrent"])
    params.save_path = request["folder"]
    if not request.get("trackers", False):
        params.trackers = []
    # Limits of the session are not for peers on this machine, those of a torrent are.
    if "downloadLimit" in request:
        params.download_limit = request["downloadLimit"]
    flags = lt.torrent_flags
    params.flags &= ~(flags.auto_managed | flags.paused)
    if request.get("seed", False):
        params.flags |= flags.seed_mode
    torrents.append(session.add_torrent(params))
    return {"torrent": len(torrents) - 1}


def answer(session, request):
    op = request["op"]
    if op == "info":
        return info_of(lt.torrent_info(request["torrent"]))
    if op == "create":
        return create(request)
    if op == "add":
        return add(session, request)
    if op == "dht-node":
        session.add_dht_node(("127.0.0.1", request["port"]))
        return {"nodes": session.status().dht_nodes}
    if op == "listening":
        return {"port": session.listen_port()}
    handle = torrents[request.get("torrent", 0)]
    if op == "connect":
        handle.connect_peer((request["host"], request["port"]))
        return {}
    if op == "dht-announce":
        handle.force_dht_announce()
        return {}
    if op == "status":
        return status_of(handle)
    if op == "peers":
        return {"peers": [peer_of(p) for p in handle.get_peer_info()]}
    if op == "recheck":
        handle.force_recheck()
        return {}
    raise ValueError("no such op: " + op)


def main():
    settings = dict(BASE)
    settings.update(json.loads(sys.argv[1]))
    session = lt.session(settings)
    for line in sys.stdin:
        try:
            reply = {"ok": True, **answer(session, json.loads(line))}
        except Exception as error:  # the test decides what to make of it
            reply = {"ok": False, "error": str(error)}
        print(json.dumps(reply), flush=True)


main()

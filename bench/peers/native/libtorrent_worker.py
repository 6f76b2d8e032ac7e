"""One libtorrent session that does one job for the benchmark, on 127.0.0.1 only.

    libtorrent_worker.py JOB JSON

JSON holds what the job needs: torrent, folder, port, settings, and for create path, out, kind, pieceBytes.
verify prints DONE and ends. create writes the torrent file and ends. seed prints READY and serves until standard
input ends; a line "dial PORT" there makes it connect to a leecher. leech prints READY when it listens and DONE when
all of it is verified.
"""
import json
import os
import sys
import time

import libtorrent as lt

QUIET = {
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
    "upload_rate_limit": 0,
    "download_rate_limit": 0,
    "rate_limit_ip_overhead": False,
    "active_seeds": 100,
    "active_downloads": 100,
    "active_limit": 100,
    "min_reconnect_time": 1,
    "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
}
WAIT_MS = 10


def say(word):
    print(word, flush=True)


def open_torrent(job, request):
    settings = dict(QUIET, listen_interfaces="127.0.0.1:%d" % request["port"], **request["settings"])
    session = lt.session(settings)
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(request["torrent"])
    params.save_path = request["folder"]
    params.trackers = []
    flags = lt.torrent_flags
    params.flags &= ~(flags.auto_managed | flags.paused)
    if job == "seed":
        params.flags |= flags.seed_mode
    return session, session.add_torrent(params)


def wait_until(session, handle, reached):
    while True:
        status = handle.status()
        if status.errc.value():
            sys.exit("libtorrent: " + status.errc.message())
        if reached(status):
            return status
        session.wait_for_alert(WAIT_MS)
        session.pop_alerts()


def create(request):
    path = request["path"]
    storage = lt.file_storage()
    lt.add_files(storage, path)
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}[request["kind"]]
    torrent = lt.create_torrent(storage, piece_size=request["pieceBytes"], flags=flags)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    with open(request["out"], "wb") as out:
        out.write(lt.bencode(torrent.generate()))


def main():
    job, request = sys.argv[1], json.loads(sys.argv[2])
    if job == "create":
        create(request)
        return
    session, handle = open_torrent(job, request)
    states = lt.torrent_status.states
    if job == "verify":
        checking = (states.checking_files, states.checking_resume_data)
        status = wait_until(session, handle, lambda s: s.state not in checking)
        if not status.is_seeding:
            sys.exit("libtorrent: found damage")
        say("DONE")
        os._exit(0)  # the measurement is over; tearing the session down is not part of it
    if job == "seed":
        wait_until(session, handle, lambda s: s.is_seeding)
        say("READY")
        for line in sys.stdin:
            word, port = line.split()
            if word == "dial":
                handle.connect_peer(("127.0.0.1", int(port)))
        return
    wait_until(session, handle, lambda s: s.state == states.downloading)
    say("READY")
    wait_until(session, handle, lambda s: s.is_seeding)
    say("DONE")
    time.sleep(0.05)
    sys.stdin.readline()


main()

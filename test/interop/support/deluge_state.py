"""Writes a state folder as Deluge 2 does, with what libtorrent says of torrents whose data lies there.

Arguments: the folder, the folder with the data, then torrent files. All of it stays on 127.0.0.1.
"""
import os
import pickle
import sys
import time
import types

import libtorrent as lt

folder, data, *torrents = sys.argv[1:]
os.makedirs(folder, exist_ok=True)

for name in ("deluge", "deluge.core", "deluge.core.torrentmanager"):
    sys.modules[name] = types.ModuleType(name)
module = sys.modules["deluge.core.torrentmanager"]


def state_class(name):
    made = type(name, (object,), {"__module__": module.__name__, "__qualname__": name})
    setattr(module, name, made)
    return made


TorrentState = state_class("TorrentState")
TorrentManagerState = state_class("TorrentManagerState")

session = lt.session(
    {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "alert_mask": lt.alert.category_t.all_categories,
    }
)
manager = TorrentManagerState()
manager.torrents = []
resumes = {}
for place, path in enumerate(torrents):
    info = lt.torrent_info(path)
    params = lt.add_torrent_params()
    params.ti = info
    params.save_path = data
    handle = session.add_torrent(params)
    while handle.status().state in (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data):
        time.sleep(0.05)
    time.sleep(0.2)
    handle.pause()
    handle.save_resume_data()
    resume = None
    while resume is None:
        for alert in session.pop_alerts():
            if isinstance(alert, lt.save_resume_data_alert):
                resume = lt.write_resume_data_buf(alert.params)
        time.sleep(0.05)
    state = TorrentState()
    state.torrent_id = str(info.info_hash())
    state.total_uploaded = 12345
    state.trackers = [{"url": "http://127.0.0.1:1/announce", "tier": 0}]
    state.save_path = data
    state.queue = place
    state.max_upload_speed = 10.0
    state.max_download_speed = -1.0
    state.stop_ratio = 2.5
    state.stop_at_ratio = True
    state.file_priorities = [4] * info.num_files()
    state.mapped_files = {}
    state.paused = place == 0
    state.name = "Grüße"
    state.owner = None
    state.big = 2**40
    manager.torrents.append(state)
    resumes[state.torrent_id.encode()] = bytes(resume)
    with open(path, "rb") as source, open(os.path.join(folder, state.torrent_id + ".torrent"), "wb") as target:
        target.write(source.read())

with open(os.path.join(folder, "torrents.state"), "wb") as out:
    pickle.dump(manager, out, protocol=2)
with open(os.path.join(folder, "torrents.fastresume"), "wb") as out:
    out.write(lt.bencode(resumes))

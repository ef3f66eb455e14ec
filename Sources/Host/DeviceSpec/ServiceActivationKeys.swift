import Services

/// What starts a service, and the sockets that are made for it.
extension ServiceKeys {
    static let startOn = KeyTable(
        "start-on",
        [
            .init("socket", .boolean, "A connection or datagram at one of its sockets; false unless given."),
            .init("devices", .list(of: .text(.devicePath)), "One of these devices is there, or appears."),
            .init("paths", .map(paths), "Something happens in the file system."),
            .init("timers", .list(of: .map(timer)), "Certain times; one of the first three keys each."),
        ])

    static let conditions: [(String, PathTrigger.Condition)] = [
        ("exists", .exists), ("changed", .changed), ("not-empty", .directoryNotEmpty),
    ]

    private static let paths = KeyTable(
        "paths",
        [
            .init("exists", .list(of: .text(.absolutePath)), "One of these is there."),
            .init(
                "changed", .list(of: .text(.absolutePath)),
                "One of these was written and closed, created, moved or removed."),
            .init("not-empty", .list(of: .text(.absolutePath)), "One of these folders holds something."),
        ])

    private static let timer = KeyTable(
        "a timer",
        [
            .init("after-boot", .text(.duration), "Once, this long after the boot."),
            .init("every", .text(.duration), "Again and again, for the first time this long after the boot."),
            .init("calendar", .text(.calendar), "By the clock, in UTC."),
            .init("jitter", .text(.duration), "Later by a random time up to this; 0 unless given."),
            .init("catch-up", .boolean, "Missed while the handset was off: runs after the boot; false."),
        ])

    /// Where PID 1 and the logger have their sockets, on a handset; only what is in `ipc` is the services'.
    static let runDirectory = "/run/amos"
    static let ipcDirectory = runDirectory + "/ipc"

    static let socket = KeyTable(
        "a socket",
        [
            .init("name", .text(.accountName), "In LISTEN_FDNAMES; the service's name unless given."),
            .init("stream", .text(.socketAddress), "A Unix socket or a TCP port."),
            .init("datagram", .text(.socketAddress), "A Unix socket or a UDP port."),
            .init("packets", .text(.absolutePath), "A Unix socket of sequential packets."),
            .init("ipc", .text(.name), "Short for packets: \(ipcDirectory)/NAME."),
            .init("mode", .text(.mode), "Of a Unix socket's file; \"0600\" unless given."),
            .init("user", .text(.accountName), "Its owner; root unless given."),
            .init("group", .text(.accountName), "Its group; the owner's unless given."),
            .init("backlog", .integer(1...65_535), "Connections that may wait; 128 unless given."),
        ])
}

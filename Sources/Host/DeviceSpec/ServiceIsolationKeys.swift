import Services

/// What a service is kept from.
extension ServiceKeys {
    static let isolation = KeyTable(
        "isolation",
        [
            .init(
                "namespaces", .list(of: .choice(namespaces.map(\.0))),
                "Of its own: the rest of the handset is not seen; none unless given."),
            .init(
                "no-new-privileges", .boolean,
                "Nothing that it runs gets more rights than it has (setuid files); false unless given."),
            .init(
                "capabilities", .anyOf([.choice(["none", "all"]), .list(of: .choice(Capabilities.names))]),
                "It can never have others, root or not; all unless given."),
            .init(
                "ambient-capabilities", .list(of: .choice(Capabilities.names)),
                "It has these although it is not root; none unless given."),
            .init("private-tmp", .boolean, "An empty /tmp and /var/tmp of its own; false unless given."),
            .init(
                "private-dev", .boolean, "A /dev with null, zero, random, tty and such; false unless given."),
            .init(
                "read-only-root", .boolean,
                "Everything is read-only but /dev, /proc, /sys, /run, /tmp and what `paths` opens; false."),
            .init("paths", .map(pathRules), "Its own view; a later line lies over an earlier one."),
            .init(
                "system-calls", .anyOf([.list(of: .text(.systemCall)), .map(systemCalls)]),
                "The only ones it may use; all unless given."),
            .init("landlock", .map(landlock), "The only files that it may use; all unless given."),
        ])

    static let namespaces: [(String, Isolation.Namespaces)] = [
        ("mount", .mount), ("pid", .pid), ("ipc", .ipc), ("uts", .uts), ("network", .network),
        ("user", .user),
    ]

    private static let pathRules = KeyTable(
        "paths",
        [
            .init("read-only", .list(of: .text(.optionalPath)), "Cannot be written."),
            .init("writable", .list(of: .text(.optionalPath)), "Can be written again."),
            .init("hidden", .list(of: .text(.optionalPath)), "Empty and unreadable."),
            .init(
                "temporary", .list(of: .anyOf([.text(.optionalPath), .map(temporary)])),
                "An empty file system in memory."),
            .init("bind", .list(of: .map(bind)), "Shows one path at another."),
        ])

    private static let temporary = KeyTable(
        "temporary",
        [
            .init("path", .text(.optionalPath), "Where.", .required),
            .init("size", .text(.size), "At most; 16 MiB unless given."),
        ])

    private static let bind = KeyTable(
        "bind",
        [
            .init("from", .text(.absolutePath), "What is shown.", .required),
            .init("to", .text(.optionalPath), "Where.", .required),
            .init("read-only", .boolean, "It cannot be written there; false unless given."),
        ])

    private static let systemCalls = KeyTable(
        "system-calls",
        [
            .init("allow", .list(of: .text(.systemCall)), "Names and groups; @base is always in.", .required),
            .init(
                "otherwise", .choice(SystemCallFilter.Refusal.allCases.map(\.rawValue)),
                "Others fail with EPERM (error), or end the process (kill); error unless given."),
        ])

    static let landlockRights: [(String, Isolation.LandlockRule.Access)] = [
        ("read", .read), ("write", .write), ("execute", .execute),
    ]

    private static let landlock = KeyTable(
        "landlock",
        [
            .init("read", .list(of: .text(.absolutePath)), "Reads files and lists folders below these."),
            .init("write", .list(of: .text(.absolutePath)), "Writes, creates and removes below these."),
            .init("execute", .list(of: .text(.absolutePath)), "Runs programs below these."),
        ])
}

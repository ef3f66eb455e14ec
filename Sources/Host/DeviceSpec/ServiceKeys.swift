import Services

/// Every key of a service file. What each does is `ServiceDefinition`'s; defaults stand there.
enum ServiceKeys {
    static let service = KeyTable(
        "a service",
        [
            .init("kind", .choice(kinds.map(\.0)), "long-running unless given."),
            .init("description", .text(.line), "What it does, for people."),
        ] + process + identity + relations
            + [
                .init("start", .choice(["boot", "on-demand"]), "boot unless given, or what start-on says."),
                .init("start-on", .map(startOn), "What starts it; then it does not start at boot by itself."),
                .init(
                    "stop-when-idle", .text(.duration),
                    "Without processor time for this long and needed by none, it stops; never unless given."),
                .init("sockets", .list(of: .map(socket)), "Made at boot, handed over as LISTEN_FDS."),
                .init(
                    "ready", .either(["exec", "notify"], ready),
                    "When it counts as ready; as soon as it runs (exec) unless given."),
                .init("start-timeout", .text(.duration), "Not ready by then: it failed; 30 s unless given."),
                .init(
                    "watchdog", .text(.duration),
                    "Longest time between two WATCHDOG=1 of it; not watched unless given."),
                .init("restart", .either(policies.map(\.0), restart), "What follows its end."),
                .init("stop", .map(stop), "How it is stopped."),
                .init("once", .boolean, "A one-shot that succeeds only once per installation; false."),
                .init("stops-last", .boolean, "Stops after all others at shutdown; for the logger."),
                .init(
                    "control", .list(of: .choice(["change", "log"])),
                    "What it may ask of init as root: change (start, stop, power …), log (all output)."),
                .init("limits", .map(limits), "What it may use."),
                .init("log", .map(log), "How many lines of its output are kept."),
                .init("isolation", .map(isolation), "What it is kept from."),
            ])

    private static let process: [KeyTable.Key] = [
        .init("program", .text(.absolutePath), "The program's path in the image."),
        .init("arguments", .list(of: .text(.any), mayRepeat: true), "Without the program's name."),
        .init(
            "environment", .dictionary(what: "a variable", keys: .variable, values: .text(.any)),
            "Its environment, in this order; a PATH and what the protocols need is added."),
        .init(
            "environment-directories", .list(of: .text(.absolutePath)),
            "On the handset, one file per variable; root's, writable by nobody else."),
        .init(
            "secrets", .dictionary(what: "a secret", keys: .variable, values: .text(.absolutePath)),
            "Files that only it may read, as $AMOS_SECRETS/NAME."),
        .init("working-directory", .text(.absolutePath), "/ unless given."),
        .init("terminal", .text(.absolutePath), "Its controlling terminal, input and output."),
    ]

    private static let identity: [KeyTable.Key] = [
        .init("user", .text(.accountName), "Runs as this user; root unless given."),
        .init("group", .text(.accountName), "Its group; the user's main group unless given."),
        .init("groups", .list(of: .text(.accountName)), "Further groups."),
    ]

    private static let relations: [KeyTable.Key] = [
        .init("requires", .list(of: .text(.name)), "Must be ready first; if one fails, this one stops."),
        .init(
            "milestones", .list(of: .text(.name)),
            "Must have become ready first; what happens to them afterwards does not matter."),
        .init("wants", .list(of: .text(.name)), "Started with this one; their failure does not matter."),
        .init("after", .list(of: .text(.name)), "Order only: waits for those that the device has."),
        .init("conflicts", .list(of: .text(.name)), "Never run together: starting one stops the other."),
    ]

    static let kinds: [(String, ServiceDefinition.Kind)] = [
        ("long-running", .longRunning), ("one-shot", .oneShot), ("target", .target),
    ]
    static let policies: [(String, ServiceDefinition.Restart)] = [
        ("never", .never), ("on-failure", .onFailure), ("always", .always),
    ]
    /// arm64 Linux numbers (`asm-generic/signal.h`).
    static let signals: [(String, UInt8)] = [
        ("HUP", 1), ("INT", 2), ("QUIT", 3), ("KILL", 9), ("USR1", 10), ("USR2", 12), ("TERM", 15),
    ]

    /// After the three streams; the upper end is far below any limit on open files.
    static let readinessDescriptors = 3...15

    private static let ready = KeyTable(
        "ready",
        [
            .init("descriptor", .integer(readinessDescriptors), "It writes a newline to this descriptor."),
            .init(
                "probe", .list(of: .text(.any), mayRepeat: true),
                "This command, run as the service is, exits with status 0."),
            .init("interval", .text(.duration), "Between two probes; 500 ms unless given."),
        ])

    private static let restart = KeyTable(
        "restart",
        [
            .init("policy", .choice(policies.map(\.0)), "on-failure unless given."),
            .init(
                "delay", .text(.duration),
                "Between start and restart; doubles per failure; 100 ms unless given."),
            .init("delay-limit", .text(.duration), "The delay grows no further; 30 s unless given."),
            .init(
                "reset-after", .text(.duration), "Having run this long, it starts over; 1 min unless given."),
            .init("jitter", .text(.percentage), "Each delay varies by up to this; 10 % unless given."),
            .init(
                "limit", .anyOf([.text(.rate), .map(restartLimit)]),
                "More restarts than this in that time, and it failed for good; no limit unless given."),
            .init(
                "then", .either(["reboot", "fallback-slot"], finally),
                "What follows when it failed for good; nothing unless given."),
        ])

    private static let stop = KeyTable(
        "stop",
        [
            .init("signal", .choice(signals.map(\.0)), "TERM unless given."),
            .init("grace", .text(.duration), "Then its whole cgroup is killed; 3 s unless given."),
        ])

    private static let restartLimit = KeyTable(
        "limit",
        [
            .init("count", .integer(1...65_535), "This many restarts.", .required),
            .init("within", .text(.duration), "In this time.", .required),
        ])

    private static let finally = KeyTable(
        "then",
        [
            .init("isolate", .text(.name), "Starts this service and stops all that it does not need."),
            .init("start", .text(.name), "Starts this service."),
        ])

    private static let log = KeyTable(
        "log",
        [
            .init(
                "lines-per-second", .integer(0...1_000_000), "200 unless given; 0: no limit."),
            .init("burst", .integer(1...1_000_000), "This many lines at once; 2000 unless given."),
        ])
}

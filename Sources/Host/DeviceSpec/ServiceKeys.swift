import Services

/// Every key of a service file.
enum ServiceKeys {
    static let service = KeyTable(
        "a service",
        [
            .init("kind", .choice(kinds.map(\.0)), "long-running unless given."),
            .init("description", .text(.line), "What it does, for people."),
            .init("program", .text(.absolutePath), "The program's path in the image."),
            .init("arguments", .list(of: .text(.any), mayRepeat: true), "Without the program's name."),
            .init(
                "environment", .dictionary(what: "a variable", keys: .variable, values: .text(.any)),
                "Its whole environment, in this order."),
            .init("user", .text(.accountName), "Runs as this user; root unless given."),
            .init("group", .text(.accountName), "Its group; the user's main group unless given."),
            .init("groups", .list(of: .text(.accountName)), "Further groups."),
            .init("requires", .list(of: .text(.name)), "Must be ready first; if one fails, this one stops."),
            .init("wants", .list(of: .text(.name)), "Started with this one; their failure does not matter."),
            .init("after", .list(of: .text(.name)), "Order only: waits for those that the device has."),
            .init(
                "ready", .either(["exec", "notify"], readyDescriptor),
                "When it counts as ready; as soon as it runs (exec) unless given."),
            .init("start-timeout", .text(.duration), "Not ready by then: it failed; 30 s unless given."),
            .init("restart", .either(policies.map(\.0), restart), "What follows its end."),
            .init("stop", .map(stop), "How it is stopped."),
            .init("terminal", .text(.absolutePath), "Its controlling terminal, input and output."),
            .init("limits", .map(limits), "What its cgroup may use."),
            .init("stops-last", .boolean, "Stops after all others at shutdown; for the logger."),
        ])

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

    private static let readyDescriptor = KeyTable(
        "ready",
        [.init("descriptor", .integer(3...15), "It writes a newline to this descriptor.", .required)])

    private static let restart = KeyTable(
        "restart",
        [
            .init("policy", .choice(policies.map(\.0)), "on-failure unless given."),
            .init(
                "delay", .text(.duration),
                "Before the first restart; doubles per failure; 100 ms unless given."),
            .init("delay-limit", .text(.duration), "The delay grows no further; 30 s unless given."),
            .init(
                "reset-after", .text(.duration), "Having run this long, it starts over; 1 min unless given."),
        ])

    private static let stop = KeyTable(
        "stop",
        [
            .init("signal", .choice(signals.map(\.0)), "TERM unless given."),
            .init("grace", .text(.duration), "Then its whole cgroup is killed; 3 s unless given."),
        ])

    private static let limits = KeyTable(
        "limits",
        [
            .init("memory", .text(.size), "memory.max"),
            .init("processes", .integer(1...100_000), "pids.max"),
        ])
}

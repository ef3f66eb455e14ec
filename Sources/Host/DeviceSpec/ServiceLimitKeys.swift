import Services

/// What a service may use.
extension ServiceKeys {
    static let limits = KeyTable("limits", groupLimits + scheduling + processLimits.map(\.key))

    private static let groupLimits: [KeyTable.Key] = [
        .init("memory", .text(.size), "memory.max: beyond it, something of the service is killed."),
        .init("memory-high", .text(.size), "memory.high: beyond it, it is slowed and must give back."),
        .init("memory-low", .text(.size), "memory.low: so much is taken from it only in need."),
        .init("memory-ends-all", .boolean, "memory.oom.group: out of memory ends all of it; false."),
        .init("cpu-weight", .integer(1...10_000), "cpu.weight: its share when others want some; 100."),
        .init("cpu", .text(.processorShare), "cpu.max: never more than this."),
        .init("processes", .integer(1...100_000), "pids.max: processes and threads."),
        .init("io-weight", .integer(1...10_000), "io.weight, where the kernel has it; 100."),
    ]

    private static let scheduling: [KeyTable.Key] = [
        .init(
            "oom-score", .integer(-1_000...1_000),
            "Added to its badness when memory is out; -1000: never killed; 0 unless given."),
        .init("nice", .integer(-20...19), "Smaller goes first; 0 unless given."),
        .init(
            "scheduling", .either(schedulingClasses.map(\.0), schedulingTable),
            "The scheduler's class, sched(7); other unless given."),
    ]

    static let schedulingClasses: [(String, Resources.Scheduling)] = [
        ("other", .other), ("batch", .batch), ("idle", .idle), ("fifo", .fifo), ("round-robin", .roundRobin),
    ]

    private static let schedulingTable = KeyTable(
        "scheduling",
        [
            .init("class", .choice(schedulingClasses.map(\.0)), "The class.", .required),
            .init("priority", .integer(1...99), "For fifo and round-robin; 1 unless given."),
        ])

    /// One of setrlimit(2)'s.
    struct ProcessLimitKey: Sendable {
        let name: String
        /// The kernel's number, asm-generic/resource.h.
        let resource: UInt8
        let isSize: Bool
        let summary: String

        var key: KeyTable.Key {
            let values: [Shape] =
                isSize ? [.text(.sizeOrUnlimited)] : [.integer(0...Int(Int32.max)), .choice(["unlimited"])]
            let pair = KeyTable(
                name,
                [
                    .init("soft", .anyOf(values), "Until the program asks for more.", .required),
                    .init("hard", .anyOf(values), "It cannot ask for more.", .required),
                ])
            return .init(name, .anyOf(values + [.map(pair)]), summary)
        }
    }

    static let processLimits: [ProcessLimitKey] = [
        .init(name: "cpu-seconds", resource: 0, isSize: false, summary: "Processor time, in seconds."),
        .init(name: "file-size", resource: 1, isSize: true, summary: "The largest file it may write."),
        .init(name: "data", resource: 2, isSize: true, summary: "Heap and other private memory."),
        .init(name: "stack", resource: 3, isSize: true, summary: "The stack of its first thread."),
        .init(name: "core", resource: 4, isSize: true, summary: "The largest core dump."),
        .init(name: "open-files", resource: 7, isSize: false, summary: "File descriptors."),
        .init(name: "locked-memory", resource: 8, isSize: true, summary: "Memory that mlock(2) may hold."),
        .init(name: "address-space", resource: 9, isSize: true, summary: "All of its address space."),
        .init(name: "pending-signals", resource: 11, isSize: false, summary: "Queued signals of its user."),
        .init(name: "message-queues", resource: 12, isSize: true, summary: "POSIX queues of its user."),
        .init(
            name: "realtime-priority", resource: 14, isSize: false, summary: "The priority it may ask for."),
    ]
}

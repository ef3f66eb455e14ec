import Services
import Wire

/// What reads bytes of others, and must neither trap nor read them in two ways.
///
/// `make fuzz` gives each target to libFuzzer; `FuzzTests` replays what it found in `Corpora/`.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Requests and answers of the control socket.
    case control
    /// The lines that tell events.
    case event
    /// Installed sets, and what leads from one to another; package policies.
    case generation
    /// What repositories say about their packages.
    case index
    /// Log segments, requests to the logger, and what it takes in.
    case log
    /// What packages say about themselves.
    case manifest
    /// sd_notify(3) datagrams.
    case notification
    /// Package files up to their payload, signature blocks, statements about keys.
    case package
    /// Packets of adb, and the connection that gets them.
    case packet
    /// Boot plans, and the supervisor that gets such a plan.
    case plan
    /// Names of adb's services, and the commands that the bridge answers itself.
    case service
    /// Frames of adb's shell.
    case shell
    /// Universes of packages, and the solver that gets them.
    case solver
    /// The supervisor's state across a re-execution.
    case state
    /// adb's file transfer.
    case sync
    /// Update metadata: each role, and a client that gets it.
    case trust

    /// Runs it on these bytes; a trap is the finding.
    public func run(_ bytes: [UInt8]) {
        switch self {
        case .control: ControlFuzz.run(bytes)
        case .event: EventFuzz.run(bytes)
        case .generation: GenerationFuzz.run(bytes)
        case .index: IndexFuzz.run(bytes)
        case .log: LogFuzz.run(bytes)
        case .manifest: ManifestFuzz.run(bytes)
        case .notification: NotificationFuzz.run(bytes)
        case .package: PackageFuzz.run(bytes)
        case .packet: PacketFuzz.run(bytes)
        case .plan: PlanFuzz.run(bytes)
        case .service: ServiceNameFuzz.run(bytes)
        case .shell: ShellFrameFuzz.run(bytes)
        case .solver: SolverFuzz.run(bytes)
        case .state: StateFuzz.run(bytes)
        case .sync: SyncFuzz.run(bytes)
        case .trust: TrustFuzz.run(bytes)
        }
    }

    /// Valid inputs to begin with, made by the encoders of today.
    public var seeds: [[UInt8]] {
        switch self {
        case .control: ControlFuzz.seeds
        case .event: EventFuzz.seeds
        case .generation: GenerationFuzz.seeds
        case .index: IndexFuzz.seeds
        case .log: LogFuzz.seeds
        case .manifest: ManifestFuzz.seeds
        case .notification: NotificationFuzz.seeds
        case .package: PackageFuzz.seeds
        case .packet: PacketFuzz.seeds
        case .plan: PlanFuzz.seeds
        case .service: ServiceNameFuzz.seeds
        case .shell: ShellFrameFuzz.seeds
        case .solver: SolverFuzz.seeds
        case .state: StateFuzz.seeds
        case .sync: SyncFuzz.seeds
        case .trust: TrustFuzz.seeds
        }
    }
}

/// Traps with what was wrong: a precondition that also holds in optimised builds.
func demand(_ isTrue: Bool, _ what: StaticString) {
    if !isTrue { fatalError("\(what)") }
}

enum EventFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let event = try? TimedEvent(line: bytes) else { return }
        let line = event.event.line(nanoseconds: event.nanoseconds)
        demand(line.count <= BootEvent.lineLimit, "a line is longer than its limit")
        // Long texts are cut once, and then stay as they are.
        guard let again = try? TimedEvent(line: line) else { fatalError("an event cannot be read back") }
        demand(again.event.line(nanoseconds: again.nanoseconds) == line, "an event changes when read back")
    }

    static var seeds: [[UInt8]] {
        let events: [BootEvent] = [
            .stage(name: "init-start"), .module(name: "ext4", durationNanoseconds: 77_000),
            .mount(path: "/data", type: "ext4", options: "rw,nosuid"),
            .service(name: "modem", state: .ready, pid: 71),
            .service(name: "phone", state: .waiting, reason: "requires modem, which is down"),
            .network(interface: "eth0", address: "10.0.2.15/24"),
            .clock(source: "10.0.2.2", unixSeconds: 1_700_000_000),
            .memory(totalKibibytes: 250_000, availableKibibytes: 200_000), .ready, .healthy(slot: "a"),
            .failure(what: "health", reason: "\u{1}\"\\é\u{1f600}"), .crash(program: "sh", signal: 11),
            .shutdown(reason: "reboot"), .unmounted(path: "/data"),
        ]
        return events.map { $0.line(nanoseconds: 123_456_789) }
    }
}

enum NotificationFuzz {
    static func run(_ bytes: [UInt8]) {
        let notification = Notification(parsing: bytes)
        if let text = notification.statusText {
            // U+FFFD for one byte takes three.
            demand(text.utf8.count <= 3 * Notification.statusLimit, "a status is longer than its limit")
            demand(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "a status has control characters")
        }
        if let name = notification.descriptorName {
            demand((1...Notification.descriptorNameLimit).contains(name.utf8.count), "a name's length")
            demand(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x3a }, "a name's characters")
        }
        demand((notification.mainProcess ?? 2) > 1, "a main process that none can be")
        demand(notification == Notification(parsing: bytes), "the same bytes say two things")
    }

    static var seeds: [[UInt8]] {
        [
            "READY=1", "READY=1\nSTATUS=at work\nMAINPID=4711\n", "RELOADING=1\nMONOTONIC_USEC=1",
            "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger", "WATCHDOG_USEC=20000000",
            "EXTEND_TIMEOUT_USEC=5000000", "FDSTORE=1\nFDNAME=listener", "FDSTOREREMOVE=1\nFDNAME=listener",
            "BARRIER=1", "ERRNO=2", "STATUS=é\u{1f600}",
        ].map { Array($0.utf8) }
    }
}

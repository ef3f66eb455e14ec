import Wire

/// Where the time of one boot went, by the guest's own clock (CLOCK_BOOTTIME, nanoseconds since the kernel
/// started).
public struct BootReport: Sendable, Equatable {
    public struct Span: Sendable, Equatable {
        public enum Kind: String, Sendable { case kernel, stage, module, service }

        public let kind: Kind
        public let name: String
        public let start: UInt64
        public let end: UInt64
        /// Of a service: ready, done, failed, or starting if it got no further.
        public let state: String
    }

    public struct Mark: Sendable, Equatable {
        public let name: String
        public let at: UInt64
    }

    public let slot: String
    /// In the order in which they started.
    public let spans: [Span]
    public let marks: [Mark]
    public let readyNanoseconds: UInt64?
    public let healthyNanoseconds: UInt64?
    public let memoryUsedKibibytes: UInt64?
    /// The host's clock, from QEMU's start to `ready`.
    public let readyWallSeconds: Double?
    /// From the first instruction of the initramfs' PID 1 to `ready`; with `countsInstructions` these are
    /// instructions.
    public let userlandNanoseconds: UInt64?

    public init(_ boot: BootRecord) {
        var builder = Builder()
        for observed in boot.events { builder.add(observed.timed) }
        slot = boot.slot.name
        (spans, marks) = builder.finish()
        readyNanoseconds = builder.ready
        healthyNanoseconds = builder.healthy
        memoryUsedKibibytes = builder.memoryUsed
        readyWallSeconds = boot.events.first { $0.event == .ready }.map { $0.seconds - boot.startSeconds }
        let first = boot.events.first { $0.event == .stage(name: "stage1-start") }?.timed.nanoseconds
        if let first, let ready = builder.ready, ready >= first {
            userlandNanoseconds = ready - first
        } else {
            userlandNanoseconds = nil
        }
    }

    /// One line for a terminal.
    public var summary: String {
        guard let readyNanoseconds else { return "slot \(slot) did not become ready" }
        func seconds(_ nanoseconds: UInt64) -> String {
            JUnitWriter.decimal(Double(nanoseconds) / 1e9) + " s"
        }
        var text = "slot \(slot) ready after \(seconds(readyNanoseconds))"
        if let kernel = spans.first(where: { $0.kind == .kernel }) {
            text += " (kernel \(seconds(kernel.end))"
        }
        if let userlandNanoseconds { text += ", from PID 1 \(seconds(userlandNanoseconds)))" }
        if let memoryUsedKibibytes { text += ", \(memoryUsedKibibytes / 1024) MiB in use" }
        return text
    }

    public func json() -> String {
        var json = JSONWriter()
        json.beginObject()
        json.field("slot", slot)
        if let readyNanoseconds { json.field("ready_ns", readyNanoseconds) }
        if let healthyNanoseconds { json.field("healthy_ns", healthyNanoseconds) }
        if let userlandNanoseconds { json.field("userland_ns", userlandNanoseconds) }
        if let readyWallSeconds { json.field("ready_wall_ms", Int(readyWallSeconds * 1000)) }
        if let memoryUsedKibibytes { json.field("memory_used_kib", memoryUsedKibibytes) }
        json.key("spans")
        json.beginArray()
        for span in spans {
            json.beginObject()
            json.field("kind", span.kind.rawValue)
            json.field("name", span.name)
            json.field("start_ns", span.start)
            json.field("end_ns", span.end)
            if !span.state.isEmpty { json.field("state", span.state) }
            json.endObject()
        }
        json.endArray()
        json.key("marks")
        json.beginArray()
        for mark in marks {
            json.beginObject()
            json.field("name", mark.name)
            json.field("at_ns", mark.at)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }
}

/// Pairs beginnings with ends.
private struct Builder {
    private var spans: [BootReport.Span] = []
    private var marks: [BootReport.Mark] = []
    private var starting: [String: UInt64] = [:]
    private var stage1: UInt64?
    private var last: UInt64 = 0
    private(set) var ready: UInt64?
    private(set) var healthy: UInt64?
    private(set) var memoryUsed: UInt64?

    mutating func add(_ timed: TimedEvent) {
        let now = timed.nanoseconds
        last = max(last, now)
        switch timed.event {
        case .stage(let name): stage(name, now)
        case .module(let name, let duration):
            let start = now > duration ? now - duration : 0
            spans.append(.init(kind: .module, name: name, start: start, end: now, state: ""))
        case .mount(let path, let type, _): marks.append(.init(name: "mount \(path) (\(type))", at: now))
        case .service(let name, let state, _, _): service(name, state, now)
        case .network(let interface, let address):
            marks.append(.init(name: "\(interface) \(address)", at: now))
        case .clock(let source, _): marks.append(.init(name: "clock set (\(source))", at: now))
        case .memory(let total, let available): memoryUsed = memoryUsed ?? (total - min(available, total))
        case .ready: ready = ready ?? now
        case .healthy: healthy = healthy ?? now
        case .failure(let what, _): marks.append(.init(name: "failure: \(what)", at: now))
        case .crash(let program, let signal):
            marks.append(.init(name: "crash: \(program) (\(signal))", at: now))
        case .shutdown, .unmounted: break
        }
    }

    private mutating func stage(_ name: String, _ now: UInt64) {
        switch name {
        case "stage1-start":
            stage1 = now
            spans.append(.init(kind: .kernel, name: "kernel", start: 0, end: now, state: ""))
        case "switch-root":
            spans.append(.init(kind: .stage, name: "stage 1", start: stage1 ?? now, end: now, state: ""))
            stage1 = nil
        default: marks.append(.init(name: name, at: now))
        }
    }

    private mutating func service(_ name: String, _ state: ServiceState, _ now: UInt64) {
        switch state {
        case .starting: starting[name] = now
        case .ready, .done, .failed:
            guard let start = starting.removeValue(forKey: name) else { return }
            spans.append(.init(kind: .service, name: name, start: start, end: now, state: state.name))
        case .waiting, .stopping, .stopped: break
        }
    }

    mutating func finish() -> ([BootReport.Span], [BootReport.Mark]) {
        if let stage1 {
            spans.append(.init(kind: .stage, name: "stage 1", start: stage1, end: last, state: "unfinished"))
        }
        for (name, start) in starting {
            spans.append(.init(kind: .service, name: name, start: start, end: last, state: "starting"))
        }
        let sorted = spans.sorted {
            ($0.start, $0.kind.rawValue, $0.name) < ($1.start, $1.kind.rawValue, $1.name)
        }
        return (sorted, marks)
    }
}

/// Where the time of a boot went: what began and ended when, from its events, by the handset's own clock
/// (CLOCK_BOOTTIME, nanoseconds since the kernel started).
public struct BootTimeline: Sendable, Equatable {
    public struct Span: Sendable, Equatable {
        public enum Kind: UInt8, Sendable {
            case kernel, stage, module, service

            public var name: String {
                switch self {
                case .kernel: "kernel"
                case .stage: "stage"
                case .module: "module"
                case .service: "service"
                }
            }
        }

        public let kind: Kind
        public let name: String
        public let start: UInt64
        public let end: UInt64
        /// Of a service: ready, done, failed, or starting if it got no further.
        public let state: String

        init(_ kind: Kind, _ name: String, _ start: UInt64, _ end: UInt64, _ state: String = "") {
            (self.kind, self.name, self.start, self.end, self.state) = (kind, name, start, end, state)
        }

        public static func == (one: Span, other: Span) -> Bool {
            one.kind == other.kind && one.start == other.start && one.end == other.end
                && UTF8Text.equal(one.name, other.name) && UTF8Text.equal(one.state, other.state)
        }
    }

    public struct Mark: Sendable, Equatable {
        public let name: String
        public let at: UInt64
        public let isMount: Bool

        public static func == (one: Mark, other: Mark) -> Bool {
            one.at == other.at && one.isMount == other.isMount && UTF8Text.equal(one.name, other.name)
        }
    }

    /// From the last event before it to the first one after it nothing is known: what seems to begin or to
    /// end there may have done so at any time, or not at all.
    public struct Gap: Sendable, Equatable {
        public let start: UInt64
        public let end: UInt64
        public let bytes: UInt64
    }

    /// In the order in which they started.
    public private(set) var spans: [Span] = []
    public private(set) var marks: [Mark] = []
    /// Where events are missing, in order.
    public private(set) var gaps: [Gap] = []
    public private(set) var readyNanoseconds: UInt64?
    public private(set) var healthyNanoseconds: UInt64?
    public private(set) var memoryUsedKibibytes: UInt64?

    private var starting: [(name: String, at: UInt64)] = []
    private var stage1: UInt64?
    private var last: UInt64 = 0

    public static func == (one: BootTimeline, other: BootTimeline) -> Bool {
        one.spans == other.spans && one.marks == other.marks && one.gaps == other.gaps
            && one.readyNanoseconds == other.readyNanoseconds
            && one.healthyNanoseconds == other.healthyNanoseconds
    }

    public init(_ events: [TimedEvent]) {
        for event in events { add(event) }
        if let stage1 { spans.append(Span(.stage, "stage 1", stage1, last, "unfinished")) }
        for one in starting { spans.append(Span(.service, one.name, one.at, last, "starting")) }
        starting = []
        spans.sort(by: Self.isBefore)
    }

    private static func isBefore(_ one: Span, _ other: Span) -> Bool {
        if one.start != other.start { return one.start < other.start }
        if one.kind != other.kind { return one.kind.rawValue < other.kind.rawValue }
        return one.name.utf8.lexicographicallyPrecedes(other.name.utf8)
    }

    private mutating func mark(_ name: String, _ now: UInt64, isMount: Bool = false) {
        marks.append(Mark(name: name, at: now, isMount: isMount))
    }

    private mutating func add(_ timed: TimedEvent) {
        let now = timed.nanoseconds
        if case .lost(let bytes) = timed.event {
            gaps.append(Gap(start: min(last, now), end: now, bytes: bytes))
        }
        last = max(last, now)
        switch timed.event {
        case .stage(let name): stage(name, now)
        case .module(let name, let duration): spans.append(Span(.module, name, now - min(now, duration), now))
        case .mount(let path, let type, _): mark("mount " + path + " (" + type + ")", now, isMount: true)
        case .service(let name, let state, _, _): service(name, state, now)
        case .network(let interface, let address): mark(interface + " " + address, now)
        case .clock(let source, _): mark("clock set (" + source + ")", now)
        case .memory(let total, let available):
            memoryUsedKibibytes = memoryUsedKibibytes ?? (total - min(available, total))
        case .ready: readyNanoseconds = readyNanoseconds ?? now
        case .healthy: healthyNanoseconds = healthyNanoseconds ?? now
        case .failure(let what, _): mark("failure: " + what, now)
        case .crash(let program, let signal): mark("crash: " + program + " (" + String(signal) + ")", now)
        case .shutdown, .unmounted, .lost: break
        }
    }

    private mutating func stage(_ name: String, _ now: UInt64) {
        if UTF8Text.equal(name, "stage1-start") {
            stage1 = now
            spans.append(Span(.kernel, "kernel", 0, now))
        } else if UTF8Text.equal(name, "switch-root") {
            spans.append(Span(.stage, "stage 1", stage1 ?? now, now))
            stage1 = nil
        } else {
            mark(name, now)
        }
    }

    private mutating func service(_ name: String, _ state: ServiceState, _ now: UInt64) {
        let index = starting.firstIndex { UTF8Text.equal($0.name, name) }
        switch state {
        case .starting:
            if let index { starting[index].at = now } else { starting.append((name, now)) }
        case .ready, .done, .failed:
            guard let index else { return }
            spans.append(Span(.service, name, starting[index].at, now, state.name))
            starting.remove(at: index)
        case .waiting, .stopping, .stopped: break
        }
    }
}

/// What a handset tells the machine that watches it, one JSON line each, over the `amos.events` port.
///
///     {"ns":<CLOCK_BOOTTIME nanoseconds>,"event":"service","name":"logd","state":"ready","pid":71}
public enum BootEvent: Equatable, Sendable {
    /// `stage1-start`, `root-verified`, `root-mounted`, `data-mounted`, `data-grown`, `data-repaired`,
    /// `data-replaced`, `switch-root`, `init-start`.
    case stage(name: String)
    case module(name: String, durationNanoseconds: UInt64)
    case mount(path: String, type: String, options: String)
    /// `pid` 0 and an empty `reason` are left out.
    case service(name: String, state: ServiceState, pid: Int32 = 0, reason: String = "")
    case network(interface: String, address: String)
    case clock(source: String, unixSeconds: Int64)
    case memory(totalKibibytes: UInt64, availableKibibytes: UInt64)
    /// Every health service is ready for the first time.
    case ready
    /// They stayed ready; the slot is marked good.
    case healthy(slot: String)
    /// The handset is about to reset.
    case failure(what: String, reason: String)
    case crash(program: String, signal: Int32)
    /// `poweroff` or `reboot`.
    case shutdown(reason: String)
    case unmounted(path: String)
    /// Here events of so many bytes are missing: nobody took them in time, or they did not fit.
    case lost(bytes: UInt64)

    /// The longest line, newline included; longer texts are cut so that a line always fits one write.
    public static let lineLimit = 4096
    /// One text inside a line: three of them and the keys fit `lineLimit` even if every byte is escaped
    /// (`\u0001`).
    public static let textLimit = 200

    /// Where stage 1 leaves its own lines for PID 1, which gives them to whoever asks what happened in this
    /// boot.
    public static let stage1Path = "/run/stage1.events"

    /// One line, newline included.
    public func line(nanoseconds: UInt64) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("ns", nanoseconds)
        json.field("event", kind)
        writeFields(to: &json)
        json.endObject()
        return json.bytes + [0x0a]
    }

    public var kind: String {
        switch self {
        case .stage: "stage"
        case .module: "module"
        case .mount: "mount"
        case .service: "service"
        case .network: "network"
        case .clock: "clock"
        case .memory: "memory"
        case .ready: "ready"
        case .healthy: "healthy"
        case .failure: "failure"
        case .crash: "crash"
        case .shutdown: "shutdown"
        case .unmounted: "unmounted"
        case .lost: "lost"
        }
    }

    private func writeFields(to json: inout JSONWriter) {
        switch self {
        case .stage(let name): json.field("name", cut(name))
        case .module(let name, let duration):
            json.field("name", cut(name))
            json.field("duration_ns", duration)
        case .mount(let path, let type, let options):
            json.field("path", cut(path))
            json.field("type", cut(type))
            json.field("options", cut(options))
        case .service(let name, let state, let pid, let reason):
            json.field("name", cut(name))
            json.field("state", state.name)
            if pid != 0 { json.field("pid", pid) }
            if !reason.isEmpty { json.field("reason", cut(reason)) }
        case .network(let interface, let address):
            json.field("interface", cut(interface))
            json.field("address", cut(address))
        case .clock(let source, let seconds):
            json.field("source", cut(source))
            json.field("unix", seconds)
        case .memory(let total, let available):
            json.field("total_kib", total)
            json.field("available_kib", available)
        case .ready: break
        case .healthy(let slot): json.field("slot", cut(slot))
        case .failure(let what, let reason):
            json.field("what", cut(what))
            json.field("reason", cut(reason))
        case .crash(let program, let signal):
            json.field("program", cut(program))
            json.field("signal", signal)
        case .shutdown(let reason): json.field("reason", cut(reason))
        case .unmounted(let path): json.field("path", cut(path))
        case .lost(let bytes): json.field("bytes", bytes)
        }
    }

    private func cut(_ text: String) -> String { UTF8Text.cut(text, Self.textLimit) }
}

/// A service as the outside sees it.
public enum ServiceState: UInt8, Sendable, CaseIterable {
    case stopped = 0
    case waiting = 1
    case starting = 2
    case ready = 3
    case done = 4
    case stopping = 5
    case failed = 6

    public var name: String {
        switch self {
        case .stopped: "stopped"
        case .waiting: "waiting"
        case .starting: "starting"
        case .ready: "ready"
        case .done: "done"
        case .stopping: "stopping"
        case .failed: "failed"
        }
    }

    public init?(name: String) {
        for state in Self.allCases where UTF8Text.equal(state.name, name) {
            self = state
            return
        }
        return nil
    }
}

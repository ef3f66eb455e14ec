import Wire

/// Where the time of one boot went, by the guest's own clock (CLOCK_BOOTTIME, nanoseconds since the kernel
/// started).
public struct BootReport: Sendable, Equatable {
    public typealias Span = BootTimeline.Span
    public typealias Mark = BootTimeline.Mark

    public let slot: String
    public let timeline: BootTimeline
    /// The host's clock, from QEMU's start to `ready`.
    public let readyWallSeconds: Double?
    /// From the first instruction of the initramfs' PID 1 to `ready`; with `countsInstructions` these are
    /// instructions.
    public let userlandNanoseconds: UInt64?

    public init(_ boot: BootRecord) {
        timeline = BootTimeline(boot.events.map(\.timed))
        slot = boot.slot.name
        readyWallSeconds = boot.events.first { $0.event == .ready }.map { $0.seconds - boot.startSeconds }
        let first = boot.events.first { $0.event == .stage(name: "stage1-start") }?.timed.nanoseconds
        if let first, let ready = timeline.readyNanoseconds, ready >= first {
            userlandNanoseconds = ready - first
        } else {
            userlandNanoseconds = nil
        }
    }

    /// In the order in which they started.
    public var spans: [Span] { timeline.spans }
    public var marks: [Mark] { timeline.marks }
    public var readyNanoseconds: UInt64? { timeline.readyNanoseconds }
    public var healthyNanoseconds: UInt64? { timeline.healthyNanoseconds }
    public var memoryUsedKibibytes: UInt64? { timeline.memoryUsedKibibytes }

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
        if !timeline.gaps.isEmpty { text += ", events missing" }
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
            json.field("kind", span.kind.name)
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
        if !timeline.gaps.isEmpty { writeGaps(to: &json) }
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    /// Where events are missing.
    private func writeGaps(to json: inout JSONWriter) {
        json.key("gaps")
        json.beginArray()
        for gap in timeline.gaps {
            json.beginObject()
            json.field("start_ns", gap.start)
            json.field("end_ns", gap.end)
            json.field("missing_bytes", gap.bytes)
            json.endObject()
        }
        json.endArray()
    }
}

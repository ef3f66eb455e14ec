import LinuxSystem
import Services
import Wire

/// `amosctl blame` and `amosctl chart`: where the time of this boot went.
struct BootAnalysis {
    private let plan: BootPlan
    private let timeline: BootTimeline

    private init(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        plan = try client.plan()
        let about = try client.about()
        var events = try client.history()
        if !about.isSystem {
            // A supervisor that was started on a machine that has run for long: its own beginning counts.
            let start = min(about.sinceMilliseconds * 1_000_000, events.first?.nanoseconds ?? 0)
            events = events.map { TimedEvent(nanoseconds: $0.nanoseconds - start, event: $0.event) }
        }
        // What happens after the boot is not its fault.
        let end = events.firstIndex { if case .healthy = $0.event { true } else { false } }
        timeline = BootTimeline(end.map { Array(events[...$0]) } ?? events)
    }

    private var order: BootOrder {
        let plan = plan
        return BootOrder(
            needs: { name in
                guard let index = plan.index(of: name) else { return [] }
                let service = plan.services[index]
                return service.requires + service.milestones + service.after
            },
            waitsForDevice: { name in
                plan.index(of: name).map { !plan.services[$0].activation.devices.isEmpty } ?? false
            })
    }

    /// What the chart cannot show, where the numbers may be wrong for it.
    private func complain() {
        guard !timeline.gaps.isEmpty else { return }
        Amosctl.complain("amosctl: " + missing + ": this boot has told more than PID 1 keeps")
    }

    private var missing: String {
        var bytes: UInt64 = 0
        for gap in timeline.gaps { bytes += gap.bytes }
        return TextFormat.bytes(bytes) + " of events are missing"
    }

    private var starts: [Int] {
        timeline.spans.indices.filter {
            timeline.spans[$0].kind == .service && timeline.firstStart(of: timeline.spans[$0].name) == $0
        }
    }

    private func duration(_ span: Int) -> UInt64 { timeline.spans[span].end - timeline.spans[span].start }

    static func blame(_ arguments: Arguments) throws(SystemCallError) {
        let boot = try BootAnalysis(arguments)
        boot.complain()
        let spans = boot.starts.sorted { boot.duration($0) > boot.duration($1) }
        if arguments.isJSON { return Amosctl.write(boot.json(spans)) }
        var rows = [["TIME", "STARTED AT", "SERVICE", "STATE", "WAITED FOR"]]
        for index in spans {
            let span = boot.timeline.spans[index]
            let cause = boot.timeline.cause(of: index, boot.order)
            rows.append([
                boot.milliseconds(boot.duration(index)), boot.milliseconds(span.start), span.name, span.state,
                cause.map { boot.timeline.spans[$0].name } ?? "",
            ])
        }
        Amosctl.write(TextFormat.table(rows, numbers: [0, 1]))
    }

    private func milliseconds(_ nanoseconds: UInt64) -> String {
        TextFormat.decimal(nanoseconds / 100_000, places: 1) + " ms"
    }

    private func json(_ spans: [Int]) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for index in spans {
            let span = timeline.spans[index]
            json.beginObject()
            json.field("name", span.name)
            json.field("state", span.state)
            json.field("start_ns", span.start)
            json.field("duration_ns", duration(index))
            if let cause = timeline.cause(of: index, order) {
                json.field("waited_for", timeline.spans[cause].name)
            }
            json.endObject()
        }
        json.endArray()
        return json.bytes + [0x0a]
    }

    static func chart(_ arguments: Arguments) throws(SystemCallError) {
        let boot = try BootAnalysis(arguments)
        boot.complain()
        let path = CriticalPath(to: boot.plan.health.services, in: boot.timeline, boot.order)
        let svg = BootChart.svg(
            boot.timeline, title: "Boot of " + boot.plan.hostname, subtitle: boot.summary, critical: path)
        guard !arguments.output.isEmpty else { return Amosctl.write(svg) }
        let file = try FileDescriptor.open(arguments.output, [.writeOnly, .create, .truncate])
        try file.write(svg)
        try file.close()
    }

    private var summary: String {
        var text = "not ready"
        if let ready = timeline.readyNanoseconds {
            text = "ready after " + TextFormat.duration(milliseconds: ready / 1_000_000)
            if let used = timeline.memoryUsedKibibytes {
                text += ", " + TextFormat.bytes(used * 1024) + " in use"
            }
        }
        return timeline.gaps.isEmpty ? text : text + "; " + missing
    }
}

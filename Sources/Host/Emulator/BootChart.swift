/// Draws a boot as SVG: one row per span, a time axis, and a line at `ready`.
///
///     │ legend                                   │ header
///     ├──────────────┬───────────────────────────┤
///     │ kernel       │ █████████                 │ one row per span,
///     │ virtio_blk   │          ▌                │ in the order of their starts
///     │ logd         │             ███▏          │
///     │ events       │          ◆   ◆     ◆      │ one row per mark
///     ├──────────────┴──┴─────┴─────┴─────┴──────┤ axis
public enum BootChart {
    private static let width = 1100
    private static let labels = 210
    private static let row = 17
    private static let header = 58
    /// On the right, for the texts of the last bars.
    private static let margin = 130

    public static func svg(_ report: BootReport, title: String) -> String {
        let rows = report.spans.count + report.marks.count
        let height = header + rows * row + 40
        var svg = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" font-family="DejaVu Sans, sans-serif" font-size="11">
            <rect width="\(width)" height="\(height)" fill="#ffffff"/>
            <text x="14" y="22" font-size="15" fill="#1a1a1a">\(JUnitWriter.escape(title))</text>

            """
        svg += text(JUnitWriter.escape(report.summary), x: 14, y: 40, colour: "#555555") + legend
        let scale = Scale(report)
        svg += axis(scale, rows)
        for (name, moment) in [("ready", report.readyNanoseconds), ("healthy", report.healthyNanoseconds)] {
            if let moment { svg += line(name, moment, scale, rows) }
        }
        for (index, span) in report.spans.enumerated() { svg += bar(span, header + index * row, scale) }
        for (index, mark) in report.marks.enumerated() {
            svg += diamond(mark, header + (report.spans.count + index) * row, scale)
        }
        return svg + "</svg>\n"
    }

    /// The stretch of time that is drawn. Nobody can change what the kernel does before PID 1, and it takes
    /// most of a boot: only the end of it is shown.
    private struct Scale {
        let origin: UInt64
        let end: UInt64

        init(_ report: BootReport) {
            let moments =
                report.spans.map(\.end) + report.marks.map(\.at)
                + [report.readyNanoseconds ?? 0, report.healthyNanoseconds ?? 0]
            let last = max(1, moments.max() ?? 0)
            let kernel = report.spans.first { $0.kind == .kernel }?.end ?? 0
            end = last
            origin = kernel > last / 4 && kernel < last ? kernel - min(kernel, (last - kernel) / 10) : 0
        }

        func x(_ moment: UInt64) -> Double {
            let shown = Double(max(moment, origin) - origin) / Double(end - origin)
            return Double(labels) + Double(width - labels - margin) * shown
        }

        /// 1, 2 or 5 times a power of ten milliseconds, for five to twelve ticks.
        var step: UInt64 {
            var power: UInt64 = 1_000_000
            while true {
                for factor: UInt64 in [1, 2, 5] where (end - origin) / (power * factor) <= 12 {
                    return power * factor
                }
                power *= 10
            }
        }
    }

    private static var legend: String {
        var svg = ""
        let kinds: [(String, String)] = [
            ("kernel", "kernel"), ("stage", "stage 1"), ("module", "module"), ("service", "service"),
            ("failed", "failed"),
        ]
        for (index, (kind, name)) in kinds.enumerated() {
            let x = width - 420 + index * 82
            svg += "<rect x=\"\(x)\" y=\"13\" width=\"10\" height=\"10\" fill=\"\(colour(kind))\"/>\n"
            svg += text(name, x: Double(x + 15), y: 22, colour: "#333333")
        }
        return svg
    }

    private static func colour(_ kind: String) -> String {
        switch kind {
        case "kernel": "#8a8f98"
        case "stage": "#5b7fa6"
        case "module": "#c7a24a"
        case "service": "#4d9a6a"
        default: "#c8473c"
        }
    }

    private static func axis(_ scale: Scale, _ rows: Int) -> String {
        var svg = ""
        let step = scale.step
        let bottom = header + rows * row + 6
        var moment = (scale.origin + step - 1) / step * step
        while moment <= scale.end {
            let at = decimal(scale.x(moment))
            svg +=
                "<line x1=\"\(at)\" y1=\"\(header - 4)\" x2=\"\(at)\" y2=\"\(bottom)\" stroke=\"#e3e3e3\"/>\n"
            svg += text(
                "\(moment / 1_000_000) ms", x: scale.x(moment), y: bottom + 14, colour: "#666666",
                anchor: "middle")
            moment += step
        }
        return svg
    }

    private static func bar(_ span: BootReport.Span, _ y: Int, _ scale: Scale) -> String {
        let kind = span.state == "failed" ? "failed" : span.kind.rawValue
        let start = scale.x(span.start)
        let length = max(1.5, scale.x(span.end) - start)
        let tenths = (span.end - span.start) / 100_000
        let state = span.state.isEmpty || span.state == "ready" ? "" : " \(span.state)"
        return text(
            JUnitWriter.escape(short(span.name)), x: Double(labels - 8), y: y + 12, colour: "#1a1a1a",
            anchor: "end")
            + "<rect x=\"\(decimal(start))\" y=\"\(y + 2)\" width=\"\(decimal(length))\" "
            + "height=\"\(row - 4)\" "
            + "fill=\"\(colour(kind))\" rx=\"1.5\"/>\n"
            + text(
                "\(tenths / 10).\(tenths % 10) ms\(JUnitWriter.escape(state))", x: start + length + 5,
                y: y + 12,
                colour: "#555555")
    }

    private static func diamond(_ mark: BootReport.Mark, _ y: Int, _ scale: Scale) -> String {
        let at = scale.x(mark.at)
        let middle = Double(y) + Double(row) / 2
        return text(
            JUnitWriter.escape(short(mark.name)), x: Double(labels - 8), y: y + 12, colour: "#5a4a78",
            anchor: "end")
            + "<path d=\"M\(decimal(at)) \(decimal(middle - 4))l4 4l-4 4l-4 -4z\" fill=\"#7a5fa8\"/>\n"
            + text("\(mark.at / 1_000_000) ms", x: at + 8, y: y + 12, colour: "#555555")
    }

    private static func line(_ name: String, _ moment: UInt64, _ scale: Scale, _ rows: Int) -> String {
        let at = decimal(scale.x(moment))
        let bottom = header + rows * row + 6
        return "<line x1=\"\(at)\" y1=\"\(header - 8)\" x2=\"\(at)\" y2=\"\(bottom)\" stroke=\"#c8473c\" "
            + "stroke-dasharray=\"4 3\"/>\n"
            + text(name, x: scale.x(moment), y: bottom + 28, colour: "#c8473c", anchor: "middle")
    }

    private static func text(
        _ text: String, x: Double, y: Int, colour: String, anchor: String = "start"
    ) -> String {
        "<text x=\"\(decimal(x))\" y=\"\(y)\" fill=\"\(colour)\" text-anchor=\"\(anchor)\">\(text)</text>\n"
    }

    /// What fits left of the bars.
    private static func short(_ name: String) -> String {
        name.count <= 30 ? name : name.prefix(29) + "…"
    }

    /// Tenths of a pixel, with a point whatever the locale.
    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

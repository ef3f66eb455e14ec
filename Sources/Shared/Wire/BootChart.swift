/// Draws a boot as SVG: one row per span, a time axis, and a line at `ready`.
///
///     │ legend                                   │ header
///     ├──────────────┬───────────────────────────┤
///     │ kernel       │ █████████                 │ one row per span,
///     │ virtio_blk   │          ▌                │ in the order of their starts
///     │ logd         │             ███▏          │
///     │ mount /data  │          ◆                │ one row per mark
///     │              │        ░░░░░              │ shaded: events are missing there
///     ├──────────────┴──┴─────┴─────┴─────┴──────┤ axis
///
/// Whole numbers only: coordinates are tenths of a pixel. The handset draws its own boots with it.
public struct BootChart {
    private static let width = 1100
    private static let labels = 210
    private static let row = 17
    private static let header = 58
    /// On the right, for the texts of the last bars.
    private static let margin = 130
    private static let critical = "#d9722b"

    private let timeline: BootTimeline
    private let scale: Scale
    private let isCritical: [Bool]
    private let isCriticalMark: [Bool]
    private var svg: [UInt8] = []

    /// `critical`: what `ready` waited for.
    public static func svg(
        _ timeline: BootTimeline, title: String, subtitle: String, critical: CriticalPath = CriticalPath()
    ) -> [UInt8] {
        var chart = BootChart(timeline, critical)
        chart.draw(title, subtitle)
        return chart.svg
    }

    private init(_ timeline: BootTimeline, _ critical: CriticalPath) {
        self.timeline = timeline
        scale = Scale(timeline)
        isCritical = Self.flags(critical.spans, timeline.spans.count)
        isCriticalMark = Self.flags(critical.marks, timeline.marks.count)
    }

    private static func flags(_ indices: [Int], _ count: Int) -> [Bool] {
        var flags = [Bool](repeating: false, count: count)
        for index in indices where flags.indices.contains(index) { flags[index] = true }
        return flags
    }

    /// The stretch of time that is drawn. Nobody can change what the kernel does before PID 1, and it takes
    /// most of a boot: only the end of it is shown, and where nothing is known of it, only what comes after.
    private struct Scale {
        let origin: UInt64
        let end: UInt64

        init(_ timeline: BootTimeline) {
            var last = max(1, timeline.readyNanoseconds ?? 0, timeline.healthyNanoseconds ?? 0)
            var first = UInt64.max
            var kernel: UInt64 = 0
            for span in timeline.spans {
                last = max(last, span.end)
                first = min(first, span.start)
                if span.kind == .kernel { kernel = span.end }
            }
            for mark in timeline.marks {
                last = max(last, mark.at)
                first = min(first, mark.at)
            }
            end = last
            if kernel == 0, first < last {
                origin = first - min(first, (last - first) / 20)
            } else {
                origin = kernel > last / 4 && kernel < last ? kernel - min(kernel, (last - kernel) / 10) : 0
            }
        }

        func x(_ moment: UInt64) -> Int {
            let shown = max(moment, origin) - origin
            let room = UInt64(10 * (BootChart.width - BootChart.labels - BootChart.margin))
            // In microseconds: weeks fit.
            return 10 * BootChart.labels + Int(shown / 1000 * room / max(1, (end - origin) / 1000))
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

    private mutating func draw(_ title: String, _ subtitle: String) {
        let rows = timeline.spans.count + timeline.marks.count
        let (wide, high) = (String(Self.width), String(Self.header + rows * Self.row + 40))
        add(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", wide, "\" height=\"", high,
            "\" viewBox=\"0 0 ", wide, " ", high,
            "\" font-family=\"DejaVu Sans, sans-serif\" font-size=\"11\">\n")
        add("<rect width=\"", wide, "\" height=\"", high, "\" fill=\"#ffffff\"/>\n")
        add("<text x=\"14\" y=\"22\" font-size=\"15\" fill=\"#1a1a1a\">", Self.escape(title), "</text>\n")
        text(subtitle, x: 140, y: 40, colour: "#555555")
        drawLegend()
        for gap in timeline.gaps { drawGap(gap, rows) }
        drawAxis(rows)
        drawLine("ready", timeline.readyNanoseconds, rows, y: 28)
        drawLine("healthy", timeline.healthyNanoseconds, rows, y: 28)
        for index in timeline.spans.indices { drawBar(index, Self.header + index * Self.row) }
        for (index, mark) in timeline.marks.enumerated() {
            drawMark(mark, isCriticalMark[index], Self.header + (timeline.spans.count + index) * Self.row)
        }
        add("</svg>\n")
    }

    private mutating func drawLegend() {
        let kinds = [
            ("#8a8f98", "kernel"), ("#5b7fa6", "stage 1"), ("#c7a24a", "module"), ("#4d9a6a", "service"),
            ("#c8473c", "failed"),
        ]
        for (index, kind) in kinds.enumerated() {
            let x = Self.width - 420 + index * 82
            add("<rect x=\"", String(x), "\" y=\"13\" width=\"10\" height=\"10\" fill=\"", kind.0, "\"/>\n")
            text(kind.1, x: 10 * (x + 15), y: 22, colour: "#333333")
        }
        guard isCritical.contains(true) else { return }
        text("what ready waited for", x: 10 * (Self.width - 420), y: 40, colour: Self.critical, isBold: true)
    }

    private static func colour(_ span: BootTimeline.Span) -> String {
        if UTF8Text.equal(span.state, "failed") { return "#c8473c" }
        return switch span.kind {
        case .kernel: "#8a8f98"
        case .stage: "#5b7fa6"
        case .module: "#c7a24a"
        case .service: "#4d9a6a"
        }
    }

    private mutating func drawAxis(_ rows: Int) {
        let bottom = Self.header + rows * Self.row + 6
        var moment = (scale.origin + scale.step - 1) / scale.step * scale.step
        while moment <= scale.end {
            let at = Self.tenths(scale.x(moment))
            add("<line x1=\"", at, "\" y1=\"", String(Self.header - 4), "\" x2=\"", at, "\" y2=\"")
            add(String(bottom), "\" stroke=\"#e3e3e3\"/>\n")
            text(
                String(moment / 1_000_000) + " ms", x: scale.x(moment), y: bottom + 14, colour: "#666666",
                anchor: "middle")
            moment += scale.step
        }
    }

    private mutating func drawLine(_ name: String, _ moment: UInt64?, _ rows: Int, y: Int) {
        guard let moment else { return }
        let at = Self.tenths(scale.x(moment))
        let bottom = Self.header + rows * Self.row + 6
        add("<line x1=\"", at, "\" y1=\"", String(Self.header - 8), "\" x2=\"", at, "\" y2=\"")
        add(String(bottom), "\" stroke=\"#c8473c\" stroke-dasharray=\"4 3\"/>\n")
        text(name, x: scale.x(moment), y: bottom + y, colour: "#c8473c", anchor: "middle")
    }

    /// Nobody knows what happened then.
    private mutating func drawGap(_ gap: BootTimeline.Gap, _ rows: Int) {
        let start = scale.x(gap.start)
        let length = max(15, scale.x(gap.end) - start)
        add("<rect x=\"", Self.tenths(start), "\" y=\"", String(Self.header - 4), "\" width=\"")
        add(Self.tenths(length), "\" height=\"", String(rows * Self.row + 10), "\" fill=\"#f3e3cf\"/>\n")
        text(
            "events missing", x: start + length / 2, y: Self.header - 8, colour: "#9a6a2b", anchor: "middle")
    }

    private mutating func drawBar(_ index: Int, _ y: Int) {
        let span = timeline.spans[index]
        let start = scale.x(span.start)
        let length = max(15, scale.x(span.end) - start)
        let tenths = (span.end - span.start) / 100_000
        let isPlain = span.state.isEmpty || UTF8Text.equal(span.state, "ready")
        text(
            Self.short(span.name), x: 10 * (Self.labels - 8), y: y + 12,
            colour: isCritical[index] ? Self.critical : "#1a1a1a", anchor: "end", isBold: isCritical[index])
        add("<rect x=\"", Self.tenths(start), "\" y=\"", String(y + 2), "\" width=\"", Self.tenths(length))
        add("\" height=\"", String(Self.row - 4), "\" fill=\"", Self.colour(span), "\" rx=\"1.5\"")
        if isCritical[index] { add(" stroke=\"", Self.critical, "\" stroke-width=\"2.5\"") }
        add("/>\n")
        let duration = String(tenths / 10) + "." + String(tenths % 10) + " ms"
        text(
            isPlain ? duration : duration + " " + span.state, x: start + length + 50, y: y + 12,
            colour: "#555555")
    }

    private mutating func drawMark(_ mark: BootTimeline.Mark, _ isCritical: Bool, _ y: Int) {
        let at = scale.x(mark.at)
        text(
            Self.short(mark.name), x: 10 * (Self.labels - 8), y: y + 12,
            colour: isCritical ? Self.critical : "#5a4a78", anchor: "end", isBold: isCritical)
        add("<path d=\"M", Self.tenths(at), " ", Self.tenths(10 * y + 5 * Self.row - 40))
        add("l4 4l-4 4l-4 -4z\" fill=\"", isCritical ? Self.critical : "#7a5fa8", "\"/>\n")
        text(String(mark.at / 1_000_000) + " ms", x: at + 80, y: y + 12, colour: "#555555")
    }

    private mutating func text(
        _ text: String, x: Int, y: Int, colour: String, anchor: String = "start", isBold: Bool = false
    ) {
        add("<text x=\"", Self.tenths(x), "\" y=\"", String(y), "\" fill=\"", colour)
        add("\" text-anchor=\"", anchor, isBold ? "\" font-weight=\"bold\">" : "\">")
        add(Self.escape(text), "</text>\n")
    }

    private mutating func add(_ parts: String...) { for part in parts { svg.append(contentsOf: part.utf8) } }

    private static func tenths(_ value: Int) -> String { String(value / 10) + "." + String(value % 10) }

    /// What fits left of the bars: 30 scalars.
    private static func short(_ name: String) -> String {
        var count = 0
        for byte in name.utf8 where byte & 0xc0 != 0x80 { count += 1 }
        guard count > 30 else { return name }
        var (kept, scalars): ([UInt8], Int) = ([], 0)
        for byte in name.utf8 {
            if byte & 0xc0 != 0x80 { scalars += 1 }
            if scalars > 29 { break }
            kept.append(byte)
        }
        return (UTF8Text.make(kept.span) ?? "") + "…"
    }

    /// XML 1.0 takes no control characters, U+FFFE and U+FFFF, however they are written.
    private static func escape(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): bytes.append(contentsOf: "&quot;".utf8)
            case 0..<0x20: bytes.append(UInt8(ascii: " "))
            case 0xbe, 0xbf:
                let isNoCharacter = bytes.suffix(2).elementsEqual([0xef, 0xbf])
                // U+FFFD, the replacement character, instead.
                bytes.append(isNoCharacter ? 0xbd : byte)
            default: bytes.append(byte)
            }
        }
        return UTF8Text.make(bytes.span) ?? ""
    }
}

import Foundation

/// One line of a table: what was measured, how often, and what was promised.
struct Measurement: Encodable {
    enum Unit: String, Encodable { case seconds, bytes, instructions }

    enum Statistic: String, Encodable {
        case median
        /// For costs to which the surroundings can only add.
        case least
    }

    var name: String
    var unit: Unit
    var samples: [Double]
    var statistic = Statistic.median
    /// The value must be below it.
    var limit: Double?
    /// What the runs computed; the rest is waiting, for the disk or for other programs of a busy machine.
    var processorSeconds: [Double] = []
    /// Of the process, children that it waited for included; the largest of all runs.
    var peakMemory: UInt64?
    var memoryLimit: UInt64?
    /// Further columns, by their headings.
    var extras: [Extra] = []

    struct Extra: Encodable {
        var heading: String
        var text: String
    }

    init(_ name: String, _ unit: Unit, _ samples: [Double], below limit: Double? = nil) {
        self.name = name
        self.unit = unit
        self.samples = samples
        self.limit = limit
    }

    /// The median, unless the least was asked for.
    var result: Double { statistic == .least ? samples.min() ?? .nan : Self.median(of: samples) }

    private static func median(of samples: [Double]) -> Double {
        let sorted = samples.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// nil: nothing was promised.
    var isMet: Bool? {
        guard limit != nil || memoryLimit != nil else { return nil }
        let isFastEnough = limit.map { result < $0 } ?? true
        let isSmallEnough = memoryLimit.map { (peakMemory ?? 0) < $0 } ?? true
        return isFastEnough && isSmallEnough
    }

    mutating func add(_ outcome: MeasuredProcess.Outcome) {
        samples.append(outcome.seconds)
        processorSeconds.append(outcome.processorSeconds)
        peakMemory = max(peakMemory ?? 0, outcome.peakMemory)
    }

    mutating func add(_ heading: String, _ text: String) {
        extras.append(Extra(heading: heading, text: text))
    }

    /// How many times as much as a peer, or as another line of the same table.
    mutating func add(_ heading: String, ratio: Double) {
        add(heading, String(format: "%.2f", ratio))
    }
}

extension Measurement {
    /// Decimal units: 1 MB is a million bytes, the stricter reading of every promise.
    static func text(_ value: Double, _ unit: Unit) -> String {
        switch unit {
        case .seconds: String(format: value < 10 ? "%.3f s" : "%.1f s", value)
        case .instructions: String(format: "%.3f G", value / 1e9)
        case .bytes where value < 1e6: String(format: "%.0f kB", value / 1e3)
        case .bytes: String(format: "%.1f MB", value / 1e6)
        }
    }

    /// The fixed columns; empty ones are left out of a table in which all are.
    var columns: [(heading: String, text: String)] {
        let spread = samples.count > 1 ? "\(value(samples.min()))..\(value(samples.max()))" : ""
        var targets = limit.map { ["< " + Self.text($0, unit)] } ?? []
        if let memoryLimit { targets.append("< " + Self.text(Double(memoryLimit), .bytes)) }
        let processor = Self.median(of: processorSeconds)
        let verdict = isMet.map { $0 ? "ok" : "MISSED" } ?? ""
        return [
            ("", name), (statistic.rawValue, samples.isEmpty ? "" : value(result)), ("min..max", spread),
            ("runs", samples.count > 1 ? "\(samples.count)" : ""),
            ("processor", processorSeconds.isEmpty ? "" : Self.text(processor, .seconds)),
            ("peak memory", peakMemory.map { Self.text(Double($0), .bytes) } ?? ""),
            ("target", targets.joined(separator: ", ")), ("", verdict),
        ] + extras.map { ($0.heading, $0.text) }
    }

    private func value(_ number: Double?) -> String { Self.text(number ?? .nan, unit) }
}

/// A titled group of measurements.
struct Table: Encodable {
    var title: String
    /// How it was measured, where that is not plain.
    var remark = ""
    var rows: [Measurement]

    var text: String {
        var headings: [String] = []
        for row in rows {
            for (index, column) in row.columns.enumerated() {
                let heading = Self.key(column.heading, index)
                if !headings.contains(heading) { headings.append(heading) }
            }
        }
        let cells = rows.map { row in
            let byHeading = Dictionary(
                row.columns.enumerated().map { (Self.key($1.heading, $0), $1.text) },
                uniquingKeysWith: { first, _ in first })
            return headings.map { byHeading[$0] ?? "" }
        }
        let used = headings.indices.filter { index in cells.contains { !$0[index].isEmpty } }
        let lines = [headings.map { String($0.drop { $0 == "#" || $0.isNumber }) }] + cells
        let widths = used.map { index in lines.map { $0[index].count }.max() ?? 0 }
        var text = "\n\(title)\n"
        if !remark.isEmpty { text += remark + "\n" }
        for line in lines {
            var row = "  "
            for (position, index) in used.enumerated() {
                let cell = line[index]
                let space = String(repeating: " ", count: widths[position] - cell.count)
                row += (position == 0 ? cell + space : space + cell) + "  "
            }
            while row.last == " " { row.removeLast() }
            text += row + "\n"
        }
        return text
    }

    /// Two fixed columns have no heading; their place tells them apart.
    private static func key(_ heading: String, _ index: Int) -> String {
        heading.isEmpty ? "#\(index)" : heading
    }
}

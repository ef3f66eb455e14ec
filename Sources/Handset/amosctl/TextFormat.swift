import Wire

/// Numbers and tables for people.
enum TextFormat {
    /// `0.031 s`, `12.4 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`: two steps of precision are enough.
    static func duration(milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1000
        if seconds < 10 { return decimal(milliseconds, places: 3) + " s" }
        if seconds < 60 { return decimal(milliseconds / 100, places: 1) + " s" }
        if seconds < 3600 { return String(seconds / 60) + " min " + String(seconds % 60) + " s" }
        if seconds < 86_400 { return String(seconds / 3600) + " h " + String(seconds / 60 % 60) + " min" }
        return String(seconds / 86_400) + " d " + String(seconds / 3600 % 24) + " h"
    }

    /// `512 B`, `3.1 KiB`, `12.0 MiB`
    static func bytes(_ count: UInt64) -> String {
        if count < 1024 { return String(count) + " B" }
        if count < 1 << 20 { return decimal(count * 10 / 1024, places: 1) + " KiB" }
        if count < 1 << 30 { return decimal((count >> 10) * 10 / 1024, places: 1) + " MiB" }
        return decimal((count >> 20) * 10 / 1024, places: 1) + " GiB"
    }

    /// A number of thousandths (or tenths …) with its point.
    static func decimal(_ value: UInt64, places: Int) -> String {
        var digits = String(value)
        let missing = places + 1 - digits.utf8.count
        if missing > 0 { digits = String(repeating: "0", count: missing) + digits }
        let bytes = Array(digits.utf8)
        return text(bytes.dropLast(places)) + "." + text(bytes.suffix(places))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Columns as wide as their widest cell, numbers to the right; the last column is not padded.
    static func table(_ rows: [[String]], numbers: [Int]) -> [UInt8] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], width(cell))
            }
        }
        var text: [UInt8] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                let padding = repeatElement(UInt8(ascii: " "), count: widths[column] - width(cell))
                if numbers.contains(column) { text.append(contentsOf: padding) }
                text.append(contentsOf: cell.utf8)
                if column == row.count - 1 { break }
                if !numbers.contains(column) { text.append(contentsOf: padding) }
                text.append(contentsOf: [0x20, 0x20])
            }
            while text.last == 0x20 { text.removeLast() }
            text.append(0x0a)
        }
        return text
    }

    /// Columns on a terminal: scalars, not bytes.
    private static func width(_ text: String) -> Int {
        var count = 0
        for byte in text.utf8 where byte & 0xc0 != 0x80 { count += 1 }
        return count
    }
}

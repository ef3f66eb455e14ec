import Foundation

/// What the guest printed on its serial port.
public struct ConsoleLog: Sendable {
    /// A guest that prints without end must not fill the memory; a boot prints some ten kilobytes.
    public static let limit = 16 << 20
    static let panicMarker = Array("Kernel panic - not syncing".utf8)

    public private(set) var bytes: [UInt8] = []
    /// Of the latest boot.
    public private(set) var panic: String?
    private var scanned = 0

    public init() {}

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public mutating func append(_ more: [UInt8]) {
        guard bytes.count < Self.limit else { return }
        bytes += more
        scan()
    }

    /// The next boot's panic is another one.
    mutating func beginBoot() { panic = nil }

    /// Looks at whole lines only: the reason of a panic stands behind the marker.
    private mutating func scan() {
        guard panic == nil else { return }
        while let end = bytes[scanned...].firstIndex(of: 0x0a) {
            let line = bytes[scanned..<end]
            scanned = end + 1
            guard line.count >= Self.panicMarker.count else { continue }
            for start in line.startIndex...(line.endIndex - Self.panicMarker.count)
            where line[start...].starts(with: Self.panicMarker) {
                panic = String(decoding: line[start...], as: UTF8.self)
                    .trimmingCharacters(in: .whitespacesAndNewlines)
                return
            }
        }
    }
}

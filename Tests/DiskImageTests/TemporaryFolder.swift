import Foundation

/// A folder that is gone when the test is.
final class TemporaryFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/amos-diskimage-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) -> String {
        _ = FileManager.default.createFile(atPath: file(name), contents: Data(bytes))
        return file(name)
    }

    func read(_ name: String) -> [UInt8] {
        [UInt8](FileManager.default.contents(atPath: file(name)) ?? Data())
    }
}

/// Equality of long contents, without printing them where they differ.
/// Arrays compare at the speed of memory even in a debug build; sequences would not.
func same(_ first: some Sequence<UInt8>, _ second: some Sequence<UInt8>) -> Bool {
    Array(first) == Array(second)
}

/// The same numbers on every run (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// Bytes that DEFLATE cannot shrink.
    mutating func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Bytes that DEFLATE shrinks to about a third, like a program.
    mutating func text(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let word = UInt8.random(in: 97...122, using: &self)
            bytes += [word, word &+ 1, UInt8.random(in: 97...104, using: &self), 32]
        }
        return Array(bytes.prefix(count))
    }
}

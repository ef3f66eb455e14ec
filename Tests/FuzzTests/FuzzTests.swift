import Foundation
import FuzzTargets
import Testing

/// Replays what libFuzzer has found, and a few thousand mutations of valid inputs. `make fuzz` looks further.
@Suite struct FuzzTests {
    static let mutationsPerInput = 20

    private static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/Corpora/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            [UInt8](try Data(contentsOf: folder.appendingPathComponent($0)))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func corpusIsRead(target: FuzzTarget) throws {
        let inputs = try Self.corpus(target)
        #expect(inputs.count >= 10)
        #expect(target.seeds.count >= 4)
        for input in inputs + target.seeds { target.run(input) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func mutationsAreSurvived(target: FuzzTarget) throws {
        for (index, input) in try (target.seeds + Self.corpus(target)).enumerated() {
            var random = SplitMix64(state: UInt64(index))
            for _ in 0..<Self.mutationsPerInput { target.run(Self.mutation(of: input, &random)) }
        }
    }

    /// A few bytes changed, a piece removed, or a piece repeated.
    private static func mutation(of input: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = bytes.indices.randomElement(using: &random)!
            let end = min(bytes.count, place + .random(in: 1...16, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = .random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(place..<end)
            default: bytes.insert(contentsOf: bytes[place..<end], at: place)
            }
        }
        return bytes
    }
}

/// The same mutations in every run (Steele, Lea, Flood 2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

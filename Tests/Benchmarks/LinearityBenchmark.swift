import Foundation
import HostSystem

/// Shows that an image's cost grows with its bytes and with nothing else.
struct LinearityBenchmark {
    /// Mebibytes; each piece has files from 1 KiB to 1 MiB.
    private static let pieceSize = 16
    private static let factors = [1, 4, 16]

    let workspace: Workspace
    let runs: Int

    func table() throws -> Table {
        let folder = workspace.path("synthetic")
        for piece in 0..<(Self.factors.max() ?? 1) {
            try makePiece(piece, at: "\(folder)/\(piece)")
        }
        defer { try? workspace.remove(folder) }
        let output = workspace.path("synthetic.img")
        var rows = Self.factors.map { Measurement("\($0 * Self.pieceSize) MiB", .seconds, []) }
        for run in 0...runs {
            for (index, factor) in Self.factors.enumerated() {
                let pieces = (0..<factor).map(String.init)
                let outcome = try MeasuredProcess().run(
                    "/proc/self/exe", [FolderTree.word, folder, output, "verity"] + pieces)
                try workspace.remove(output)
                guard run > 0, let seconds = Double(outcome.output) else { continue }
                rows[index].samples.append(seconds)
                rows[index].peakMemory = max(rows[index].peakMemory ?? 0, outcome.peakMemory)
            }
        }
        let perByte = zip(rows, Self.factors).map { $0.result / Double($1) }
        for index in rows.indices {
            let bytes = Double(Self.factors[index] * Self.pieceSize << 20)
            rows[index].add("MB/s", String(format: "%.0f", bytes / 1e6 / rows[index].result))
            rows[index].add("time per byte", ratio: perByte[index] / perByte[0])
        }
        return Table(
            title: "Image content 1x, 4x, 16x: EROFS with its verity tree (the writer alone)",
            remark: "Time per byte is relative to the first line: flat means linear.", rows: rows)
    }

    /// Sizes cycle through the powers of two, so every piece has small and large files in the same shares.
    private func makePiece(_ piece: Int, at folder: String) throws {
        try workspace.makeFolder(folder)
        var state = UInt64(piece) &* 0x9e37_79b9_7f4a_7c15 | 1
        var left = Self.pieceSize << 20
        var number = 0
        while left > 0 {
            let size = min(left, 1024 << (number % 11))
            var words: [UInt64] = []
            words.reserveCapacity(size / 8)
            for _ in 0..<size / 8 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                words.append(state)
            }
            let bytes = words.withUnsafeBytes { Array($0) }
            try OutputFile.write(bytes, to: "\(folder)/\(number)")
            left -= size
            number += 1
        }
    }
}

import Foundation
import Slots
import Testing

struct SparseImageTests {
    /// Expands an image in memory with the parser's instructions, as stage 1 does on the partition.
    private func expand(_ image: [UInt8], capacity: Int) throws -> [UInt8] {
        var sparse = try SparseImage(
            header: image, fileBytes: UInt64(image.count), capacity: UInt64(capacity))
        var disk = [UInt8](repeating: 0xee, count: Int(sparse.expandedBytes))
        while let position = sparse.nextHeader {
            guard Int(position) + SparseImage.chunkHeaderBytes <= image.count else {
                throw SparseImage.FormatError.incomplete
            }
            let header = Array(image[Int(position)..<Int(position) + SparseImage.chunkHeaderBytes])
            switch try sparse.next(header: header) {
            case .raw(let source, let target, let length):
                for index in 0..<Int(length) { disk[Int(target) + index] = image[Int(source) + index] }
            case .fill(let pattern, let target, let length):
                for index in 0..<Int(length) { disk[Int(target) + index] = image[Int(pattern) + index & 3] }
            case .hole(let target, let length):
                for index in 0..<Int(length) { disk[Int(target) + index] = 0 }
            }
        }
        return disk
    }

    private func number(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private func header(blocks: Int, chunks: Int, blockSize: Int = 512) -> [UInt8] {
        number(0xed26_ff3a, 4) + number(1, 2) + number(0, 2) + number(28, 2) + number(12, 2)
            + number(blockSize, 4) + number(blocks, 4) + number(chunks, 4) + number(0, 4)
    }

    private func chunk(_ type: Int, blocks: Int, _ data: [UInt8] = [], bytes: Int? = nil) -> [UInt8] {
        number(type, 2) + number(0, 2) + number(blocks, 4) + number(bytes ?? 12 + data.count, 4) + data
    }

    @Test func expandsEveryKindOfChunk() throws {
        let block = (0..<512).map { UInt8(truncatingIfNeeded: $0) }
        let image =
            header(blocks: 4, chunks: 3)
            + chunk(0xcac1, blocks: 1, block) + chunk(0xcac2, blocks: 2, [1, 2, 3, 4])
            + chunk(0xcac3, blocks: 1)
        let disk = try expand(image, capacity: 2048)
        #expect(Array(disk[..<512]) == block)
        #expect(Array(disk[512..<520]) == [1, 2, 3, 4, 1, 2, 3, 4])
        #expect(disk[1536...].allSatisfy { $0 == 0 })
    }

    /// The referee: what img2simg of the Android tools writes comes out as it went in.
    @Test func readsWhatTheAndroidToolsWrite() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "amos-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var original = Data(count: 64 * 4096)
        for index in 0..<5000 { original[9 * 4096 + index] = UInt8(truncatingIfNeeded: index &* 7) }
        for index in 0..<8192 { original[40 * 4096 + index] = 0x5a }
        try original.write(to: folder.appending(path: "raw"))
        let tool = Process()
        tool.executableURL = URL(filePath: "/usr/bin/img2simg")
        tool.arguments = ["raw", "sparse", "4096"]
        tool.currentDirectoryURL = folder
        try tool.run()
        tool.waitUntilExit()
        try #require(tool.terminationStatus == 0, "img2simg failed")
        let image = Array(try Data(contentsOf: folder.appending(path: "sparse")))
        #expect(try expand(image, capacity: original.count) == Array(original))
    }

    @Test func malformedImagesAreRefused() {
        func error(_ image: [UInt8], capacity: Int = 1 << 20) -> SparseImage.FormatError? {
            do { _ = try expand(image, capacity: capacity) } catch {
                return error as? SparseImage.FormatError
            }
            return nil
        }
        let block = [UInt8](repeating: 1, count: 512)
        #expect(error([]) == .notSparse)
        #expect(error([UInt8](repeating: 0, count: 28)) == .notSparse)
        #expect(error(header(blocks: 1, chunks: 1, blockSize: 0)) == .badBlockSize)
        #expect(error(header(blocks: 1, chunks: 1, blockSize: 513)) == .badBlockSize)
        #expect(error(header(blocks: 1 << 31, chunks: 1)) == .tooLarge)
        #expect(error(header(blocks: 3, chunks: 0)) == .incomplete)
        #expect(error(header(blocks: 1, chunks: 1)) == .incomplete)
        #expect(error(header(blocks: 1, chunks: 1) + chunk(0xcac4, blocks: 0, [0, 0, 0, 0])) == .badChunk(0))
        #expect(error(header(blocks: 1, chunks: 1) + chunk(0xcac1, blocks: 1, bytes: 11)) == .badChunk(0))
        #expect(error(header(blocks: 2, chunks: 1) + chunk(0xcac1, blocks: 2, block)) == .badChunk(0))
        #expect(error(header(blocks: 2, chunks: 1) + chunk(0xcac1, blocks: 1, block)) == .incomplete)
        #expect(error(header(blocks: 1, chunks: 1) + chunk(0xcac3, blocks: 0xffff_ffff)) == .incomplete)
        #expect(error(header(blocks: 1, chunks: 1) + chunk(0xcac1, blocks: 1, bytes: 524)) == .incomplete)
    }
}

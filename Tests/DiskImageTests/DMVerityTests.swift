import DiskImage
import Foundation
import HostSystem
import Testing

struct DMVerityTests {
    private let folder = TemporaryFolder()
    private let verity = DMVerity(uuid: ImageUUID(seed: "verity"), salt: Array(0..<32))

    private func append(blocks: Int, name: String) throws -> DMVerity.Tree {
        var random = SeededGenerator(seed: UInt64(blocks))
        let output = try OutputFile(replacing: folder.file(name))
        try output.write(random.noise(min(blocks, 300) * 4096), at: 0)
        try output.truncate(to: UInt64(blocks * 4096))
        let tree = try verity.append(to: output, dataOffset: 0, dataSize: UInt64(blocks * 4096))
        try output.commit()
        return tree
    }

    /// One level, its limit, two levels, their limit, three.
    @Test(arguments: [1, 2, 127, 128, 129, 1000, 16_384, 16_385])
    func veritysetupAgrees(blocks: Int) throws {
        let tree = try append(blocks: blocks, name: "image")
        #expect(tree.dataBlocks == UInt64(blocks))
        #expect(tree.size == DMVerity.treeSize(dataSize: UInt64(blocks * 4096)))
        let size = Int(tree.size) + blocks * 4096
        #expect(folder.read("image").count == size)
        let veritysetup = try Tool("veritysetup", package: "cryptsetup-bin")
        let image = folder.file("image")
        try veritysetup.check([
            "verify", image, image, tree.rootHash.description, "--hash-offset=\(blocks * 4096)",
        ])
        let salt = tree.salt.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let formatted = try veritysetup.check([
            "format", image, folder.file("tree"), "--salt=\(salt)", "--uuid=\(verity.uuid)",
            "--data-blocks=\(blocks)",
        ])
        #expect(formatted.text.contains("Root hash:      \t\(tree.rootHash)"))
        #expect(same(folder.read("tree"), folder.read("image").dropFirst(blocks * 4096)))
    }

    @Test func veritysetupRefusesAFlippedByte() throws {
        let tree = try append(blocks: 200, name: "image")
        var bytes = folder.read("image")
        bytes[123_456] ^= 1
        let image = folder.write(bytes, to: "image")
        let verdict = try Tool("veritysetup", package: "cryptsetup-bin")
            .run(["verify", image, image, tree.rootHash.description, "--hash-offset=\(200 * 4096)"])
        #expect(verdict.status != 0)
    }

    @Test(arguments: [0, 4095, 5000])
    func partialBlocksAreRefused(size: UInt64) throws {
        let output = try OutputFile(replacing: folder.file("image"))
        #expect(throws: DiskImageError.self) {
            try verity.append(to: output, dataOffset: 0, dataSize: size)
        }
    }
}

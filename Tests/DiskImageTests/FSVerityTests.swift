import DiskImage
import HostSystem
import Testing

@Suite struct FSVerityTests {
    /// One block, one full level and one block more, two levels; the referee is Debian's fsverity.
    @Test(arguments: [1, 2, 127, 128, 129, 300, 128 * 128 + 1])
    func digestIsThatOfTheReferee(blocks: Int) throws {
        let folder = TemporaryFolder()
        var generator = SeededGenerator(seed: UInt64(blocks))
        let block = generator.noise(4096)
        var bytes = [UInt8](repeating: 0, count: blocks * 4096)
        // Every block another, cheaply.
        for number in 0..<blocks {
            let start = number * 4096
            if number % 7 == 0 { bytes.replaceSubrange(start..<start + 4096, with: block) }
            bytes[start] = UInt8(truncatingIfNeeded: number)
            bytes[start + 1] = UInt8(truncatingIfNeeded: number >> 8)
        }
        let path = folder.write(bytes, to: "file")
        let referee = try Tool("fsverity", package: "fsverity").check(["digest", "--compact", path]).text
        let input = try InputFile(path)
        let digest = try FSVerity.digest(of: input, at: 0, size: UInt64(bytes.count))
        #expect("\(digest)\n" == referee)
    }

    @Test(arguments: [0, 1, 4095, 4097])
    func partsOfBlocksAreRefused(size: UInt64) throws {
        let folder = TemporaryFolder()
        let input = try InputFile(folder.write([UInt8](repeating: 1, count: 8192), to: "file"))
        #expect(throws: DiskImageError.self) { try FSVerity.digest(of: input, at: 0, size: size) }
    }
}

import Assembly
import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// A build that is ended at any moment leaves the previous image whole, and the next build is right.
    @Suite struct InterruptedBuilds {
        private static let outputs = ["disk.img", "boot.img", "image.json"]

        @Test func thePreviousImageStaysWhole() throws {
            let source = try DeviceSource(
                "pocket", "files:\n  copy:\n    - {from: ../files/version, to: /etc/version}\n",
                files: ["files/version": "0"])
            let output = source.folder + "/out"
            let arguments = ["build", source.file, "-o", output]
            // The lock and the packages come from a build in this process.
            _ = try Workshop.build(source)
            try FileManager.default.removeItem(atPath: output)
            let clean = try Self.cleanBuilds(source, arguments)
            var random = SeededGenerator(stream: 3)
            var version = 1
            for round in 0..<DeviceTests.count(30, torture: 300) {
                let where_ = Comment(rawValue: "round \(round), seed \(SeededGenerator.seed)")
                version = 1 - version
                try source.write("files/version", "\(version)")
                let build = try CommandLineProgram(arguments)
                usleep(UInt32(Double.random(in: 0..<clean.seconds * 1.1, using: &random) * 1e6))
                // Every third is asked to end, the others are not asked.
                build.signal(round % 3 == 2 ? SIGINT : SIGKILL)
                let outcome = try build.wait()
                if round % 3 == 2 { #expect(outcome.status != 0 || !outcome.output.isEmpty, where_) }
                for (name, digest) in try Self.digests(output) {
                    let known = clean.digests.map { $0[name] }
                    #expect(known.contains(digest), "\(where_): \(name) is neither the old nor the new one")
                }
                guard round % 3 == 0 || round == 29 else { continue }
                let next = try CommandLineProgram.run(arguments)
                #expect(next.status == 0, "\(where_): \(next.errors)")
                #expect(try Self.digests(output) == clean.digests[version], where_)
                let left = try Self.files(output).subtracting(clean.files)
                #expect(left.isEmpty, where_)
            }
        }

        /// What undisturbed builds of both versions give, and how long the second, incremental one takes.
        private static func cleanBuilds(
            _ source: DeviceSource, _ arguments: [String]
        ) throws -> (digests: [[String: SHA256Digest]], files: Set<String>, seconds: Double) {
            let output = source.folder + "/out"
            var digests: [[String: SHA256Digest]] = []
            for version in 0...1 {
                try source.write("files/version", "\(version)")
                try? FileManager.default.removeItem(atPath: output)
                let outcome = try CommandLineProgram.run(arguments)
                try #require(outcome.status == 0, "\(outcome.errors)")
                digests.append(try Self.digests(output))
            }
            #expect(digests[0] != digests[1])
            try source.write("files/version", "0")
            let start = Date()
            #expect(try CommandLineProgram.run(arguments).status == 0)
            let seconds = Date().timeIntervalSince(start)
            #expect(try Self.digests(output) == digests[0], "an incremental build equals a clean one")
            try source.write("files/version", "1")
            #expect(try CommandLineProgram.run(arguments).status == 0)
            return (digests, try files(output), seconds)
        }

        private static func digests(_ folder: String) throws -> [String: SHA256Digest] {
            var digests: [String: SHA256Digest] = [:]
            for name in outputs { digests[name] = try digest("\(folder)/\(name)") }
            return digests
        }

        /// Nothing half-written stays behind either.
        private static func files(_ folder: String) throws -> Set<String> {
            Set(try FileManager.default.subpathsOfDirectory(atPath: folder))
        }

        /// Of the size and of all blocks that are not zero, with their places: holes cost no time.
        private static func digest(_ path: String) throws -> SHA256Digest {
            let descriptor = open(path, O_RDONLY)
            guard descriptor >= 0 else { throw SystemError("read", path) }
            defer { close(descriptor) }
            let blockSize = 1 << 16
            let zeros = [UInt8](repeating: 0, count: blockSize)
            var buffer = zeros
            var hasher = SHA256Hasher()
            let size = lseek(descriptor, 0, SEEK_END)
            hasher.update("\(size)".utf8)
            var position = off_t(0)
            while position < size {
                // SEEK_DATA; ENXIO after the last data.
                let data = lseek(descriptor, position, 3)
                guard data >= 0 else { break }
                position = data / off_t(blockSize) * off_t(blockSize)
                let count = pread(descriptor, &buffer, blockSize, position)
                guard count > 0 else { throw SystemError("read", path) }
                if memcmp(buffer, zeros, count) != 0 {
                    hasher.update("\(position) \(count)".utf8)
                    buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                }
                position += off_t(count)
            }
            return hasher.finish()
        }
    }
}

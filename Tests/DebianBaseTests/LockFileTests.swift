import Testing

@testable import DebianBase

struct LockFileTests {
    private static let digest = String(repeating: "0a", count: 32)

    private static let lock = PackageLock(
        suite: "trixie", components: ["main", "contrib"], architecture: "arm64",
        packages: [
            package("libc6", sets: [.image, .sysroot], needs: ["libgcc-s1"]),
            package("busybox", sets: [.image], needs: ["libc6"]),
            package("libgcc-s1", sets: [.image], needs: ["libc6"]),
            package("linux-image-9-arm64", sets: [.kernel], needs: []),
            package("linux-image-arm64", sets: [.kernel], needs: ["linux-image-9-arm64"]),
        ])

    private static func package(_ name: String, sets: [PackageSet], needs: [String]) -> LockedPackage {
        LockedPackage(
            name: name, version: "1:2.0-3+b1", architecture: "arm64", size: 77, sha256: digest, sets: sets,
            source: name, needs: needs, path: "pool/\(name).deb")
    }

    @Test func textComesBackAsItWas() throws {
        let text = Self.lock.text
        let read = try PackageLock.parse(text, file: "phone.lock")
        #expect(read == Self.lock)
        #expect(read.text == text)
        let names = text.split(separator: "\n").filter { $0.hasPrefix("package ") }
            .map { $0.split(separator: " ")[1] }
        #expect(names == names.sorted())
    }

    @Test func aVariantTakesOnlyItsClosure() {
        #expect(Self.lock.closure(of: ["libgcc-s1"]).map(\.name) == ["libc6", "libgcc-s1"])
        #expect(Self.lock.closure(of: ["busybox"]).map(\.name) == ["busybox", "libc6", "libgcc-s1"])
        #expect(Self.lock.kernelImage(for: "linux-image-arm64")?.name == "linux-image-9-arm64")
    }

    @Test(arguments: [
        ("amos-lock 2\n", 1, "first line"),
        ("amos-lock 1\nsuite a b\n", 2, "suite takes one value"),
        ("amos-lock 1\nsuite a\nsuite a\n", 3, "suite takes one value"),
        ("amos-lock 1\nsweet a\n", 2, "\"sweet\" is none of"),
        ("amos-lock 1\npackage a 1 arm64 5\n", 2, "10 fields"),
        ("amos-lock 1\npackage a 1 arm64 -5 \(digest) image a - p\n", 2, "not a size"),
        ("amos-lock 1\npackage a 1 arm64 5 XY image a - p\n", 2, "not a SHA-256"),
        ("amos-lock 1\npackage a 1 arm64 5 \(digest) images a - p\n", 2, "\"images\" is none of"),
        ("amos-lock 1\npackage a 1 arm64 5 \(digest) image a - ../p\n", 2, "not a path below"),
        ("amos-lock 1\npackage a 1 arm64 5 \(digest) image a - /p\n", 2, "not a path below"),
        (
            "amos-lock 1\nsuite s\ncomponents c\narchitecture x\npackage a 1 x 5 \(digest) image a b p\n", 5,
            "needs b, which is not pinned"
        ),
    ])
    func aWrongLineIsNamed(text: String, line: Int, message: String) {
        #expect {
            try PackageLock.parse(text, file: "phone.lock")
        } throws: { error in
            guard case DebianError.lockSyntax("phone.lock", line, let said) = error else { return false }
            return said.contains(message)
        }
    }

    @Test func whatTheLockLacksIsNamed() throws {
        func request(_ image: [String], suite: String = "trixie") -> PackageRequest {
            PackageRequest(
                suite: suite, components: ["main", "contrib"], image: image, kernel: "linux-image-arm64",
                sysroot: ["libc6"])
        }
        try Self.lock.check(covers: request(["busybox"]), file: "phone.lock")
        #expect {
            try Self.lock.check(covers: request(["busybox", "zlib1g", "sed"]), file: "phone.lock")
        } throws: { error in
            guard case DebianError.notLocked(["sed", "zlib1g"], _) = error else { return false }
            return "\(error)".contains("amos lock ") && "\(error)".contains(" --update`")
        }
        #expect {
            try Self.lock.check(covers: request(["busybox"], suite: "forky"), file: "phone.lock")
        } throws: { "\($0)".contains("suite trixie, the device wants forky") }
    }
}

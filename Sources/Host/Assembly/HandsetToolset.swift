import DebianBase
import Foundation
import HostSystem

/// The compiler and linker options that turn the stock Swift toolchain into one for the handset, or for Linux
/// on this machine's processor: a SwiftPM toolset file, generated for a sysroot.
///
/// Paths of the build machine are mapped to fixed names, so that no image tells where it was built.
struct HandsetToolset {
    enum CLibrary: String, Sendable {
        /// Static position-independent executables: nothing else needs to be there when they start.
        case musl
        /// Dynamic ones, for programs that resolve names or call Debian's libraries.
        case glibc
    }

    let processor: Processor
    let library: CLibrary
    let sysroot: Sysroot
    let toolchain: Toolchain
    /// The folder that holds `Sources`; `/amos` in whatever the compiler records of it.
    let sources: String

    /// What nobody reads on a handset: tables for unwinding stacks (a trap ends the program, and a crash
    /// report has the whole memory), and marks of the compilers. A tenth of amos-init.
    static let linkerScript = """
        SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.comment) *(.swift_modhash) } }
        INSERT AFTER .bss;

        """

    /// Where the linker script is.
    let linkerScriptFile: String

    /// Increased when an option below changes what is built without any other input changing.
    static let revision = 8

    /// What `swift build` has to be told besides. The linker compiles a handset's static program as a whole:
    /// what its modules share is there once, and what repeats anywhere in it is outlined. An eighth of
    /// amos-init.
    var buildOptions: [String] {
        library == .musl && processor == .arm64 ? ["--experimental-lto-mode", "full"] : []
    }

    var json: String {
        get throws {
            let options: [String: Any] = [
                "schemaVersion": "1.0",
                "swiftCompiler": ["extraCLIOptions": swiftOptions + linkerOptions],
                "cCompiler": ["extraCLIOptions": cOptions],
            ]
            let data = try JSONSerialization.data(
                withJSONObject: options, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            return String(decoding: data, as: UTF8.self)
        }
    }

    private var swiftOptions: [String] {
        [
            "-enable-experimental-feature", "Embedded", "-wmo", "-Osize", "-parse-as-library",
            "-Xfrontend", "-function-sections", "-file-prefix-map", "\(sources)=/amos",
            // Otherwise every object file carries a hash (.swift_modhash) that paths go into.
            "-Xfrontend", "-disable-incremental-llvm-codegen",
        ] + (library == .musl ? Self.smallSwift : [])
            + cOptions.filter { !$0.hasPrefix("-O") }.flatMap { ["-Xcc", $0] }
    }

    /// What a static program does without to be small; a ninth of amos-init. No check goes, and nothing runs
    /// in these programs for long enough that speed would be missed.
    private static let smallSwift = [
        // A function's failed checks share one trap. Nobody can look at either: when PID 1 or stage 1 traps,
        // the kernel stops.
        "-Xfrontend", "-mergeable-traps",
        // Rotated and unrolled loops repeat their heads or bodies. `-Osize` leaves that on.
        "-Xllvm", "-sil-disable-pass=loop-rotate", "-Xllvm", "-sil-disable-pass=loop-unroll",
        // What is called from several places is called, not copied; LLVM's own idea of small is 5.
        "-Xllvm", inlineThreshold,
    ]

    private static let inlineThreshold = "-inline-threshold=-20"

    /// Without `__linux__` the C library looks absent to the Swift runtime (`malloc_size` becomes a stub).
    private var cOptions: [String] {
        ["--sysroot=\(sysroot.path)", "-nostdinc"] + includeFolders.flatMap { ["-isystem", $0] }
            + [
                "-D__linux__", "-D_GNU_SOURCE", "-DAMOS_EMBEDDED_SWIFT", "-fPIC", "-ffunction-sections",
                "-ffile-prefix-map=\(sources)=/amos",
            ]
            // Frames are read by those who look at a core dump, which neither PID 1 nor stage 1 leaves.
            + (library == .musl ? ["-Oz", "-fomit-frame-pointer"] : ["-Os"])
    }

    /// For the compiler inside the linker: as above, what repeats is outlined until no more is found, and
    /// registers are saved and restored by a few functions instead of the head and tail of each.
    private static let smallProgram = [
        inlineThreshold, "-enable-machine-outliner=always", "-machine-outliner-reruns=3",
        "-enable-global-merge-func", "-homogeneous-prolog-epilog",
    ]

    private var includeFolders: [String] {
        switch library {
        case .musl:
            [
                toolchain.clangHeaders, "\(sysroot.path)/usr/include/\(processor.muslFolder)",
                sysroot.muslKernelHeaders,
            ]
        case .glibc:
            [
                toolchain.clangHeaders, "\(sysroot.path)/usr/include/\(processor.gnuFolder)",
                "\(sysroot.path)/usr/include",
            ]
        }
    }

    private var linkerOptions: [String] {
        let gcc = "\(sysroot.path)/usr/lib/gcc/\(processor.gnuFolder)/14"
        let common = [
            "--target=\(processor.gnuFolder)", "--sysroot=\(sysroot.path)", "-fuse-ld=lld",
            "-Wl,-z,relro,-z,now,--gc-sections,-s,--build-id=none",
        ]
        let own: [String]
        switch library {
        case .musl:
            let folder = "\(sysroot.path)/usr/lib/\(processor.muslFolder)"
            own =
                [
                    // Equal functions become one, and addresses to relocate a bitmap, which musl understands.
                    "-Wl,--icf=all,-z,pack-relative-relocs,--no-eh-frame-hdr", linkerScriptFile,
                    "-nostdlib", "-nostartfiles", "-static-pie", "\(folder)/rcrt1.o", "\(folder)/crti.o",
                    "-L\(folder)", "-L\(gcc)", "-lc", "-lgcc", "-lgcc_eh", "\(folder)/crtn.o",
                ] + (buildOptions.isEmpty ? [] : Self.smallProgram.map { "-Wl,-mllvm," + $0 })
        case .glibc:
            own = ["--gcc-toolchain=\(sysroot.path)/usr", "-pie"]
        }
        return (common + own).flatMap { ["-Xclang-linker", $0] }
    }
}

/// The Swift toolchain that builds the handset's programs: the one on `PATH`.
public struct Toolchain: Sendable, Equatable {
    /// What `swift --version` prints first; part of every program's key.
    public let version: String
    let clangHeaders: String
    let swift: String

    public enum Failure: Error, CustomStringConvertible {
        case incomplete(path: String)

        public var description: String {
            switch self {
            case .incomplete(let path):
                "the Swift toolchain lacks \(path); install a release of swift.org (6.3 or later) with "
                    + "Embedded Swift"
            }
        }
    }

    /// Follows `swift` to its folder without running it, which would cost 0.2 s in every build.
    public static func find(for processor: Processor = .arm64) throws -> Toolchain {
        let swift = try Tool("swift", package: "swift (from swift.org)").path
        let real = URL(fileURLWithPath: swift).resolvingSymlinksInPath().deletingLastPathComponent()
        let root = real.deletingLastPathComponent().path
        let clang = root + "/lib/clang"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: clang)) ?? []
        guard let newest = versions.compactMap(Int.init).max() else {
            throw Failure.incomplete(path: clang)
        }
        let embedded = root + "/lib/swift/embedded/\(processor.triple)"
        guard FileManager.default.fileExists(atPath: embedded) else {
            throw Failure.incomplete(path: embedded)
        }
        // The compiler's identity is its file; size and time change with every release.
        var status = stat()
        stat(root + "/bin/swift-frontend", &status)
        return Toolchain(
            version: "\(root) \(status.st_size) \(status.st_mtim.tv_sec)",
            clangHeaders: "\(clang)/\(newest)/include", swift: swift)
    }
}

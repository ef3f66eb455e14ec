import DebianBase
import Foundation
import HostSystem

/// The Swift SDK for apps: a bundle with which the stock toolchain builds programs for the handset, by
/// `swift build --swift-sdk amos-arm64`. Nothing in it is an absolute path, so it may be moved and archived.
///
///     amos-arm64.artifactbundle/
///       info.json              what SwiftPM looks for first
///       amos-arm64/
///         swift-sdk.json       triple, sysroot, search paths
///         toolset.json         options of compiler and linker (`AppSDKToolset`)
///         sysroot/             glibc, OpenSSL and the kernel's headers, from the locked Debian packages
///         modules/             Amos and Glibc as compiled modules with their documentation, libAmos.a
///         key                  what all of this was made of
///       examples/              app projects to build and to copy
///
/// The modules are those of one compiler: another toolchain needs the bundle made again.
public struct AppSDK: Sendable {
    public static let name = "amos-arm64"
    public static let bundleName = "\(name).artifactbundle"

    /// Increased when the bundle's files change without any of its inputs changing.
    private static let layout = "1"
    private static let modules = ["Glibc", "Amos"]

    public let sysroot: Sysroot
    private let sources: String
    private let runtimeSource: String
    private let toolchain: Toolchain

    public init(home: AmosHome, toolchain: Toolchain, sysroot: Sysroot) {
        self.sysroot = sysroot
        self.toolchain = toolchain
        sources = home.path + "/Sources/Handset/AppSDK"
        runtimeSource = home.path + "/Sources/Handset/CLinux/EmbeddedRuntime.c"
    }

    public enum Failure: Error, CustomStringConvertible {
        case compile(module: String, message: String)
        case archive(String)

        public var description: String {
            switch self {
            case .compile(let module, let message): "building the module \(module) failed:\n\(message)"
            case .archive(let message): "the library libAmos.a cannot be made: \(message)"
            }
        }
    }

    /// Makes the bundle in a folder, in place of an older one, unless the one that is there is the same.
    /// - Returns: whether there was something to do.
    @discardableResult
    public func install(in folder: String) throws -> Bool {
        let bundle = "\(folder)/\(Self.bundleName)"
        let key = try self.key()
        if Self.key(of: bundle) == key { return false }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // A name that SwiftPM does not take for a bundle; one of a killed run is written over.
        let work = "\(folder)/.\(Self.name).partial"
        Self.remove(work)
        defer { Self.remove(work) }
        try write(into: work, key: key)
        // The old one goes when the new one is in its place; one of a killed run is written over.
        let old = work + ".old"
        Self.remove(old)
        defer { Self.remove(old) }
        guard rename(bundle, old) == 0 || errno == ENOENT else { throw SystemError("rename", bundle) }
        guard rename(work, bundle) == 0 else {
            let error = SystemError("rename to", bundle)
            rename(old, bundle)
            throw error
        }
        return true
    }

    /// Of an installed bundle; nil: there is none, or not a whole one.
    public static func key(of bundle: String) -> String? {
        try? String(contentsOfFile: "\(bundle)/\(name)/key", encoding: .utf8)
    }

    private func write(into bundle: String, key: String) throws {
        let root = "\(bundle)/\(Self.name)"
        try copySysroot(to: root + "/sysroot")
        try copy(sources + "/Glibc/include", to: root + "/modules/SwiftGlibc")
        try compileModules(root)
        let toolset = AppSDKToolset()
        try OutputFile.write(toolset.toolsetJSON, to: root + "/toolset.json")
        try OutputFile.write(toolset.sdkJSON, to: root + "/swift-sdk.json")
        try OutputFile.write(toolset.bundleJSON(version: String(key.prefix(12))), to: bundle + "/info.json")
        for example in try FileManager.default.contentsOfDirectory(atPath: sources + "/Examples").sorted() {
            try copy("\(sources)/Examples/\(example)", to: "\(bundle)/examples/\(example)")
            // Somebody may have tried it where it is.
            Self.remove("\(bundle)/examples/\(example)/.build")
        }
        // Last: whoever finds it finds everything.
        try OutputFile.write(key, to: root + "/key")
    }

    /// Everything that the bundle's bytes depend on.
    private func key() throws -> String {
        var inputs = BuildGraph.Inputs()
        inputs.add("layout", Self.layout)
        inputs.add("toolchain", toolchain.version)
        inputs.add("sysroot", sysroot.key)
        let toolset = AppSDKToolset()
        inputs.add("toolset", toolset.toolsetJSON + toolset.sdkJSON)
        inputs.add("module options", toolset.moduleOptions(sysroot: "", sources: "").joined(separator: " "))
        let runtime = try Data(contentsOf: URL(fileURLWithPath: runtimeSource))
        inputs.add("EmbeddedRuntime.c", SHA256Digest.of(runtime))
        for file in try FingerprintTable.filesBelow([sources]) where !file.contains("/.build/") {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            inputs.add(String(file.dropFirst(sources.count)), SHA256Digest.of(bytes))
        }
        return inputs.digest.description
    }

    private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

extension AppSDK {
    private func copy(_ source: String, to destination: String) throws {
        let parent = URL(fileURLWithPath: destination).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: source, toPath: destination)
    }

    /// Copies, not links: what somebody changes in an SDK must not reach the package store. Without musl,
    /// which is for programs without a C library of the handset's, and without what only gcc's linker reads.
    private func copySysroot(to destination: String) throws {
        let unwanted = [
            "musl-kernel-headers", "usr/lib/aarch64-linux-musl", "usr/include/aarch64-linux-musl",
            "usr/lib/ld-musl-aarch64.so.1", "usr/lib/aarch64-linux-gnu/libc.a",
            "usr/lib/aarch64-linux-gnu/libcrypto.a", "usr/lib/aarch64-linux-gnu/libssl.a",
        ]
        try FileManager.default.createDirectory(atPath: destination, withIntermediateDirectories: true)
        try Tool("cp", package: "coreutils").check(["-R", "-P", sysroot.path + "/.", destination])
        for path in unwanted { Self.remove("\(destination)/\(path)") }
    }

    private func compileModules(_ root: String) throws {
        let work = root + "/objects"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        defer { Self.remove(work) }
        let compiler = try Tool("swiftc", package: "swift (from swift.org)")
        for module in Self.modules {
            // Relative names: a compiled module remembers those of its files.
            let files = try FingerprintTable.filesBelow(["\(sources)/\(module)"])
                .filter { $0.hasSuffix(".swift") }.map { String($0.dropFirst(sources.count + 1)) }
            let result = try compiler.run(
                AppSDKToolset().moduleOptions(sysroot: root + "/sysroot", sources: sources) + [
                    "-I", root + "/modules", "-module-name", module,
                    "-emit-module", "-emit-module-path", "\(root)/modules/\(module).swiftmodule",
                    "-c", "-o", "\(work)/\(module).o",
                ] + files, folder: sources)
            guard result.status == 0 else {
                throw Failure.compile(module: module, message: result.text + result.errorText)
            }
        }
        let runtime = try Tool("clang", package: "swift (from swift.org)").run(
            AppSDKToolset().runtimeOptions(
                source: runtimeSource, object: "\(root)/modules/\(AppSDKToolset.runtimeObject)"))
        guard runtime.status == 0 else {
            throw Failure.compile(module: "EmbeddedRuntime", message: runtime.errorText)
        }
        let archiver = try Tool("llvm-ar", package: "swift (from swift.org)")
        let objects = Self.modules.map { "\(work)/\($0).o" }
        let result = try archiver.run(["rcsD", root + "/modules/libAmos.a"] + objects)
        guard result.status == 0 else { throw Failure.archive(result.errorText) }
    }
}

extension ImageBuilder {
    /// What a device's programs are built against; resolved and locked first where there is no lock yet.
    public func sysroot(for name: String, mirror: String? = nil) throws -> Sysroot {
        var request = Request(device: name)
        request.mirror = mirror
        let device = try loadDevice(request)
        let build = try withoutImages(request, device)
        let sysroot = try build.prepareSysroot(
            try build.lockPackages(all: try loadVariants(request, loaded: device)))
        try build.graph.finish()
        return sysroot
    }
}

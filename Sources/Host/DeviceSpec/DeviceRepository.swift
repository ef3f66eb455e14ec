import Foundation
import HostSystem

/// Where device files come from: an OEM's own repository first, then the shipped devices.
///
/// ```
/// my-phones/                 shippedRoot (rootfs/)
///   devices/pocket.yaml        devices/virt-phone.yaml      extends: finds these by name
///   services/radio.yaml        services/logd.yaml           services: looks in both, own ones first
///   files/…                    base/…                       files.copy: relative to the file that says so
/// ```
public struct DeviceRepository: Sendable {
    /// The project's `rootfs` folder, absolute.
    public let shippedRoot: String
    /// Where names are looked for first: here and in `devices/` below.
    public let folder: String

    public init(shippedRoot: String, folder: String = FileManager.default.currentDirectoryPath) {
        self.shippedRoot = Self.absolute(shippedRoot, in: FileManager.default.currentDirectoryPath)
        self.folder = Self.absolute(folder, in: FileManager.default.currentDirectoryPath)
    }

    /// Reads, merges and checks a device.
    ///
    /// Both variants are checked whichever is asked for: a mistake in the other one should not wait for its
    /// build.
    /// - Parameter device: a name such as `virt-phone`, or a path that contains a slash or ends in `.yaml`.
    public func device(_ device: String, variant: Device.Variant) throws(DiagnosticList) -> Device {
        let diagnostics = DiagnosticCollector()
        let path = try file(of: device)
        let loader = DeviceLoader(repository: self, diagnostics: diagnostics)
        let chain = loader.chain(from: path)
        var result: Device?
        for candidate in Device.Variant.allCases {
            guard !chain.isEmpty else { break }
            var builder = DeviceBuilder(loader: loader, chain: chain, variant: candidate)
            let device = builder.build()
            if candidate == variant { result = device }
        }
        try diagnostics.throwIfAny()
        guard var result else { preconditionFailure("a device without errors was not built") }
        result.warnings = DiagnosticList(diagnostics.warnings).diagnostics
        return result
    }

    /// Everything that can be said about a device without building it.
    public func lint(_ name: String, variant: Device.Variant) -> LintReport {
        do throws(DiagnosticList) {
            let device = try device(name, variant: variant)
            return LintReport(
                diagnostics: DiagnosticList(device.warnings), exposures: device.exposures, device: device)
        } catch {
            return LintReport(diagnostics: error, exposures: [], device: nil)
        }
    }

    /// The device file that a name or path stands for, absolute.
    public func file(of device: String) throws(DiagnosticList) -> String {
        if device.contains("/") || device.hasSuffix(".yaml") {
            let path = Self.absolute(device, in: folder)
            if FileManager.default.fileExists(atPath: path) { return path }
            throw DiagnosticList([
                Diagnostic(
                    "there is no such device file", at: SourceLocation(file: path, line: 1, column: 1),
                    expected: "an existing file; `amos new device NAME` writes one")
            ])
        }
        let known = devices()
        if let path = known[device] { return path }
        let missing = SourceLocation(file: "\(folder)/devices/\(device).yaml", line: 1, column: 1)
        throw DiagnosticList([
            Diagnostic(
                "there is no device '\(device)'", at: missing,
                expected: "one of \(known.keys.sorted().joined(separator: ", "))",
                suggestion: NearestName.of(device, among: known.keys))
        ])
    }

    /// Every device that can be named from here, with its file.
    public func devices() -> [String: String] {
        var found: [String: String] = [:]
        for name in Self.names(in: shippedRoot + "/devices") {
            found[name] = "\(shippedRoot)/devices/\(name).yaml"
        }
        // A device file may also stand right here; other YAML files of this folder are no devices.
        for name in Self.names(in: folder) where Self.isDevice("\(folder)/\(name).yaml", name: name) {
            found[name] = "\(folder)/\(name).yaml"
        }
        for name in Self.names(in: folder + "/devices") {
            found[name] = "\(folder)/devices/\(name).yaml"
        }
        return found
    }

    private static func isDevice(_ path: String, name: String) -> Bool {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        let text = String(decoding: data, as: UTF8.self)
        return text.hasPrefix("name: \(name)\n") || text.contains("\nname: \(name)\n")
    }

    /// Names of the YAML files in a folder; none if it does not exist.
    static func names(in folder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.map { String($0.dropLast(5)) }
    }

    /// Lexical: `..` and `.` are resolved, symbolic links are not.
    static func absolute(_ path: String, in folder: String) -> String {
        let full = path.hasPrefix("/") ? path : folder + "/" + path
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

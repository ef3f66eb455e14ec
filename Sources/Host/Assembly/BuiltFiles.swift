import DeviceSpec

/// The files of an image that was built before, by its `image.json`: enough to tell what a service would not
/// find, without building anything.
public struct BuiltFiles {
    private let files: [String: ImageManifest.File]

    /// Nil: nothing was built there, or not by this version.
    public init?(imageFolder: String) {
        guard let manifest = try? ImageManifest.load(imageFolder + "/image.json") else { return nil }
        files = Dictionary(
            manifest.files.map { (Self.plain($0.path), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Programs and paths of these services that the image does not have.
    public func missing(of device: Device) -> [Diagnostic] {
        let programs = device.services.flatMap { service in
            service.programLocation.map { [Located(service.definition.program, at: $0)] } ?? []
        }
        return (programs + device.services.flatMap(\.neededPaths)).filter { !contains($0.value) }.map {
            path in
            Diagnostic(
                "'\(path.value)' is not in the image that was built last", at: path.location,
                expected: "a file of a package, of Amos or of files.copy; build again if it is new",
                severity: .warning)
        }
    }

    /// Follows links in folders, as `/bin` is one; more of them than this is a circle.
    func contains(_ path: String, links: Int = 16) -> Bool {
        var reached = ""
        let steps = path.split(separator: "/").map(String.init)
        for (index, step) in steps.enumerated() {
            reached += reached.isEmpty ? step : "/" + step
            guard let file = files[reached] else { return false }
            guard let target = file.target, links > 0 else { continue }
            let folder = steps[..<index].joined(separator: "/")
            let base = target.hasPrefix("/") ? target : folder + "/" + target
            let rest = steps[(index + 1)...].joined(separator: "/")
            return contains(Self.normal(base + "/" + rest), links: links - 1)
        }
        return true
    }

    private static func plain(_ path: String) -> String {
        path.hasPrefix("/") ? String(path.dropFirst()) : path
    }

    private static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

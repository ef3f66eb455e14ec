import Foundation
import HostSystem

/// Finds and reads the files of one device, each once.
final class DeviceLoader {
    let repository: DeviceRepository
    let diagnostics: DiagnosticCollector
    let services: ServiceFiles
    private var files: Set<String> = []
    /// Every file that was read or referred to.
    var inputs: Set<String> { files.union(services.inputs) }

    /// A chain of `extends` longer than this is a mistake rather than a product line.
    static let extendsLimit = 16

    init(repository: DeviceRepository, diagnostics: DiagnosticCollector) {
        self.repository = repository
        self.diagnostics = diagnostics
        services = ServiceFiles(diagnostics: diagnostics)
    }

    func addInput(_ path: String) { files.insert(path) }

    /// The device file and everything it extends, the most general first.
    func chain(from path: String) -> [SourceNode] {
        var chain: [SourceNode] = []
        var names: [String] = []
        var visited: Set<String> = []
        var next: String? = path
        while let path = next {
            next = nil
            visited.insert(path)
            files.insert(path)
            guard let root = SourceFile(path: path, diagnostics: diagnostics).root else { return [] }
            let check = ShapeCheck(diagnostics: diagnostics)
            let device = check.check(root, against: .map(DeviceKeys.device), key: "a device file")
            if device.isInvalid { return [] }
            chain.insert(device, at: 0)
            names.append(Self.name(of: path))
            checkName(device, path: path)
            addServiceFolder(beside: path)
            guard let parent = device["extends"] else { continue }
            guard let name = parent.text else { return [] }
            next = parentFile(name, of: path, at: parent.location)
            if let found = next, visited.contains(found) || chain.count >= Self.extendsLimit {
                diagnostics.add(
                    "'extends' goes round in a circle: \((names + [name]).joined(separator: " -> "))",
                    at: parent.location, expected: "a device that does not extend this one")
                return []
            }
            if next == nil { return [] }
        }
        services.add(folder: repository.shippedRoot + "/services")
        return chain
    }

    private func checkName(_ device: SourceNode, path: String) {
        guard let name = device["name"], let text = name.text, text != Self.name(of: path) else { return }
        diagnostics.add(
            "the device's name is not that of its file: '\(text)'", at: name.location,
            expected: Self.name(of: path))
    }

    /// The same folder first, then the shipped devices. A device may extend the shipped one of its own name.
    private func parentFile(_ name: String, of path: String, at location: SourceLocation) -> String? {
        let folders = [Self.folder(of: path), repository.shippedRoot + "/devices"]
        for folder in folders {
            let candidate = "\(folder)/\(name).yaml"
            let isItself = candidate == path && folder != folders[1]
            if !isItself, FileManager.default.fileExists(atPath: candidate) { return candidate }
        }
        if name == Self.name(of: path) { return path }
        let known = Set(folders.flatMap(DeviceRepository.names)).subtracting([Self.name(of: path)])
        diagnostics.addUnknown("device", name, at: location, among: known, where: "in 'extends'")
        return nil
    }

    private func addServiceFolder(beside path: String) {
        var folder = Self.folder(of: path)
        if folder.hasSuffix("/devices") { folder = Self.folder(of: folder) }
        services.add(folder: folder + "/services")
    }

    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(".yaml") ? String(file.dropLast(5)) : file
    }
}

extension DeviceLoader {
    /// Reports a file or folder of the repository that does not exist.
    func requireFile(_ path: String, named name: Located<String>) {
        addInput(path)
        if FileManager.default.fileExists(atPath: path) { return }
        let folder = Self.folder(of: path)
        let siblings = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let nearest = NearestName.of(String(path.dropFirst(folder.utf8.count + 1)), among: siblings)
        let written = name.value.lastIndex(of: "/").map { String(name.value[...$0]) } ?? ""
        diagnostics.add(
            "there is no file or folder '\(name.value)'", at: name.location,
            expected: "a path relative to this file", suggestion: nearest.map { written + $0 })
    }
}

import Foundation
import HostSystem

/// Finds and reads service files, each once: `NAME.yaml` of the first folder that has it.
///
/// Names that start with `_` are not services but settings of the folder itself (`ServiceFolder`).
final class ServiceFiles {
    let diagnostics: DiagnosticCollector
    private(set) var folders: [String] = []
    /// Every file that was read.
    private(set) var inputs: Set<String> = []
    private var services: [String: SourceNode?] = [:]

    init(diagnostics: DiagnosticCollector) { self.diagnostics = diagnostics }

    func add(folder: String) {
        if !folders.contains(folder) { folders.append(folder) }
    }

    /// Every service that can be named.
    func names() -> Set<String> {
        Set(folders.flatMap(DeviceRepository.names).filter { !$0.hasPrefix("_") })
    }

    /// A service file, checked against the key table. Nil: there is none, or it was reported as unusable.
    func service(_ name: String) -> SourceNode? {
        if let known = services[name] { return known }
        var result: SourceNode?
        for folder in folders where result == nil {
            let path = "\(folder)/\(name).yaml"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            result = read(path, as: ServiceKeys.service, called: "a service file")
            break
        }
        services[name] = result
        return result
    }

    func read(_ path: String, as table: KeyTable, called what: String) -> SourceNode? {
        inputs.insert(path)
        guard let root = SourceFile(path: path, diagnostics: diagnostics).root else { return nil }
        return ShapeCheck(diagnostics: diagnostics).check(root, against: .map(table), key: what)
    }
}

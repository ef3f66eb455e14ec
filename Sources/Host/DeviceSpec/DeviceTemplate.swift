import Foundation

/// What `amos new device NAME` writes: a device that builds at once, and the places where it becomes one's
/// own.
public struct DeviceTemplate: Sendable {
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case badName(String)
        case exists(path: String)
        case cannotWrite(path: String, reason: String)

        public var description: String {
            switch self {
            case .badName(let name): "'\(name)' cannot name a device; expected: \(TextRule.name.expected)"
            case .exists(let path): "\(path) exists already; choose another name, or edit that file"
            case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
            }
        }
    }

    public let name: String

    public init(name: String) throws(Failure) {
        guard TextRule.name.accepts(name) else { throw .badName(name) }
        self.name = name
    }

    /// Writes `devices/NAME.yaml`, an example service and the schemas for editors into a repository's folder.
    ///
    /// A device of that name is never overwritten, and neither is a service; the schemas are brought up to
    /// date.
    /// - Returns: the files that were written, absolute, the device file first.
    public func write(into folder: String) throws(Failure) -> [String] {
        let device = "\(folder)/devices/\(name).yaml"
        if FileManager.default.fileExists(atPath: device) { throw .exists(path: device) }
        var written = [device]
        try write(deviceText, to: device)
        let service = "\(folder)/services/hello.yaml"
        if !FileManager.default.fileExists(atPath: service) {
            try write(Self.serviceText, to: service)
            written.append(service)
        }
        for document in [DeviceSchema.Document.device, .service] {
            let path = "\(folder)/schema/\(document.rawValue).json"
            try write(DeviceSchema.json(for: document), to: path)
            written.append(path)
        }
        return written
    }

    private func write(_ text: String, to path: String) throws(Failure) {
        do {
            let folder = DeviceLoader.folder(of: path)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    private var deviceText: String {
        """
        # yaml-language-server: $schema=../schema/device.json
        # `amos build \(name)` builds it, `amos run \(name)` boots it, `amos test \(name)` checks it.
        # Every key is explained in the device file reference; editors show the same text.
        name: \(name)
        extends: virt-phone
        model: \(name)

        # Only what differs from virt-phone stands here: maps are merged, lists are appended.
        machine:
          memory: 512 MiB
          display: 720x1280

        storage:
          data: 512 MiB

        # Debian packages and services (files in ../services, or shipped ones) that this device adds:
        # packages: [nano]
        # services: [radio]

        # Users that services run as:
        # users:
        #   radio: {id: 200}

        # Files of this repository, relative to this file:
        # files:
        #   copy:
        #     - {from: ../files/radio.conf, to: /etc/radio.conf, mode: "0640", group: radio}

        # What was inherited and is not wanted:
        # remove:
        #   services: [clock]

        variants:
          # What is sold. Sign it with a key of your own: `amos keys new \(name)`.
          user: {}
          # What developers work with.
          dev:
            services: [hello]
            checks:
              - service: hello

        """
    }

    private static let serviceText = """
        # yaml-language-server: $schema=../schema/service.json
        # An example: it says hello to the log once and then waits. Only dev images have a shell to run it.
        description: Says hello
        program: /usr/bin/busybox
        arguments: [sh, -c, "echo hello; exec busybox sleep 86400"]
        environment: {PATH: /usr/sbin:/usr/bin}
        user: nobody
        after: [logd]
        restart: always

        """
}

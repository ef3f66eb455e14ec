import LinuxSystem
import Services
import Wire

/// Files that only one service may read: copied for it to RUN/secrets/SERVICE (on the handset a tmpfs, so
/// they reach no disk) when it starts, and removed when nothing of it runs any more.
///
///     RUN/secrets              0711 root
///     RUN/secrets/web          0500 of the service's user       $AMOS_SECRETS
///     RUN/secrets/web/NAME     0400 of the service's user
extension Supervision {
    /// Keys and tokens; a service that wants more has files of its own.
    static let secretLimit = 1024 * 1024

    func secretsFolder(of service: ServiceDefinition) -> String {
        options.runDirectory + "/secrets/" + service.name
    }

    func placeSecrets(_ service: Int, _ definition: ServiceDefinition) throws(SpawnError) {
        let folder = secretsFolder(of: definition)
        // What an earlier start left behind would be in the way.
        resources[service].hasSecrets = true
        removeSecrets(service)
        resources[service].hasSecrets = true
        do throws(SystemCallError) {
            try Directory.make(options.runDirectory + "/secrets", permissions: 0o711)
            try Directory.make(folder, permissions: 0o700)
        } catch { throw .system(error) }
        for secret in definition.secrets { try place(secret, in: folder, for: definition) }
        do throws(SystemCallError) {
            let directory = try FileDescriptor.open(folder, .directory)
            try give(directory, to: definition)
            try directory.setPermissions(0o500)
        } catch { throw .system(error) }
    }

    private func place(
        _ secret: Secret, in folder: String, for definition: ServiceDefinition
    ) throws(SpawnError) {
        let source = try TrustedFile.open(
            secret.path, .file, forbidden: 0o077, command: "chmod 600", isSystem: options.isSystem)
        do throws(SystemCallError) {
            let bytes = try source.readToEnd(limit: Self.secretLimit + 1)
            guard bytes.count <= Self.secretLimit else {
                throw SystemCallError("copy", secret.path, code: SystemCallError.tooLarge)
            }
            let copy = try FileDescriptor.open(
                folder + "/" + secret.name, [.writeOnly, .create, .exclusive, .noFollow], permissions: 0o400)
            try copy.write(bytes)
            try give(copy, to: definition)
        } catch { throw .system(error) }
    }

    private func give(
        _ file: borrowing FileDescriptor, to definition: ServiceDefinition
    ) throws(SystemCallError) {
        guard definition.userID != 0 || definition.groupID != 0 else { return }
        guard ChildProcess.effectiveUser == 0 else { return }
        try file.setOwner(definition.userID, group: definition.groupID)
    }

    func removeSecrets(_ service: Int) {
        guard resources[service].hasSecrets else { return }
        resources[service].hasSecrets = false
        let folder = secretsFolder(of: supervisor.plan.services[service])
        // An ordinary user's own folder is closed to writing, too.
        if let directory = try? FileDescriptor.open(folder, .directory) {
            _ = try? directory.setPermissions(0o700)
        }
        for name in Directory.namesIfPresent(in: folder) {
            _ = try? Directory.unlink(folder + "/" + String(decoding: name, as: UTF8.self))
        }
        Directory.remove(folder)
    }
}

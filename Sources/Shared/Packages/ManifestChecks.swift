import Wire

extension PackageManifest {
    /// Everything that a manifest must fulfil beyond its types; whoever makes one calls it before signing.
    public func check() throws(PackageError) {
        try Self.require(ManifestRules.isLine(name), "name", name, ManifestRules.lineExpected)
        try Self.require(
            ManifestRules.isLicence(licence), "licence", licence, ManifestRules.licenceExpected)
        let hasText = description.utf8.isEmpty || ManifestRules.isText(description)
        try Self.require(hasText, "description", description, "text")
        try checkTranslations("names", names, ManifestRules.isLine, ManifestRules.lineExpected)
        try checkTranslations("descriptions", descriptions, ManifestRules.isText, "text")
        try checkEntry()
        try checkPermissions()
        try checkRelations()
        for (index, icon) in icons.enumerated() {
            try Self.require(
                ManifestRules.isPath(icon.path), Self.item("icons", index) + ".path", icon.path,
                ManifestRules.pathExpected)
        }
        // EROFS and fs-verity count in blocks.
        try Self.require(
            payload.size % 4096 == 0, "payload.size", String(payload.size), "a multiple of 4096")
    }

    private static func require(
        _ isRight: Bool, _ key: String, _ value: String, _ expected: String
    ) throws(PackageError) {
        if !isRight { throw .badValue(key: key, value: value, expected: expected) }
    }

    private func checkEntry() throws(PackageError) {
        if kind.runs {
            guard !entry.utf8.isEmpty else { throw .missingKey("entry") }
            try Self.require(ManifestRules.isPath(entry), "entry", entry, ManifestRules.pathExpected)
        } else {
            try Self.require(
                entry.utf8.isEmpty, "entry", entry, "nothing: only an app or a cloud-app is started")
        }
    }

    private func checkPermissions() throws(PackageError) {
        if !kind.runs, let first = permissions.first {
            throw .badValue(
                key: "permissions", value: first, expected: "nothing: only an app or a cloud-app is started")
        }
        for (index, permission) in permissions.enumerated() {
            let key = Self.item("permissions", index)
            try Self.require(
                ManifestRules.isPermission(permission), key, permission, ManifestRules.permissionExpected)
            let isInOrder =
                index == 0 || permissions[index - 1].utf8.lexicographicallyPrecedes(permission.utf8)
            try Self.require(isInOrder, key, permission, "sorted permissions, each once")
        }
    }

    private func checkTranslations(
        _ key: String, _ translations: [Translation], _ isRight: (String) -> Bool, _ expected: String
    ) throws(PackageError) {
        for (index, translation) in translations.enumerated() {
            let path = key + "." + translation.language
            try Self.require(
                ManifestRules.isLanguage(translation.language), path, translation.language,
                ManifestRules.languageExpected)
            try Self.require(isRight(translation.text), path, translation.text, expected)
            let isInOrder =
                index == 0
                || translations[index - 1].language.utf8.lexicographicallyPrecedes(translation.language.utf8)
            try Self.require(isInOrder, path, translation.language, "sorted languages, each once")
        }
    }

    /// A package that needs, conflicts with or replaces itself says nothing that can be meant.
    private func checkRelations() throws(PackageError) {
        for (index, dependency) in dependencies.enumerated() {
            let key = Self.item("dependencies", index)
            try Self.require(!dependency.alternatives.isEmpty, key, "[]", "at least one alternative")
            for alternative in dependency.alternatives {
                try Self.require(alternative.id != id, key, alternative.id.text, "another package")
            }
        }
        for (index, relation) in conflicts.enumerated() {
            let key = Self.item("conflicts", index)
            try Self.require(relation.id != id, key, relation.id.text, "another package")
        }
        for (index, relation) in replaces.enumerated() {
            let key = Self.item("replaces", index)
            try Self.require(relation.id != id, key, relation.id.text, "another package")
        }
        for (index, provision) in provides.enumerated() {
            let key = Self.item("provides", index)
            try Self.require(provision.id != id, key, provision.id.text, "another name than its own")
        }
    }
}

namespace ManagedGemma.Package.Tests.Support;

/// <summary>Tests that share what was packed.</summary>
[CollectionDefinition(nameof(PackedRepository))]
public sealed class UsesPackedRepository : ICollectionFixture<PackedRepository>;

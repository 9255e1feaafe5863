namespace ManagedGemma.Cli.Input;

/// <summary>Who named the model.</summary>
internal enum ModelOrigin
{
    /// <summary>The command line.</summary>
    Option,

    /// <summary>The environment variable.</summary>
    Environment,

    /// <summary>It was found in the Hugging Face cache.</summary>
    HubCache,

    /// <summary>Nobody: the built-in demo stands in.</summary>
    Demo,
}

namespace ManagedGemma.Ltx.Formats.Torch;

/// <summary>
/// The opcodes of pickle protocol 2 that a dict of tensors needs: all that is written, and all that is read. None of them calls
/// anything by itself; <see cref="Reduce"/> is understood for two names only.
/// </summary>
internal enum PickleOpcode : byte
{
    /// <summary>The protocol's number follows.</summary>
    Protocol = 0x80,

    /// <summary>An empty dict.</summary>
    EmptyDict = (byte)'}',

    /// <summary>An empty tuple.</summary>
    EmptyTuple = (byte)')',

    /// <summary>Where a tuple or a dict's items begin.</summary>
    Mark = (byte)'(',

    /// <summary>A text, its length in four bytes.</summary>
    Text = (byte)'X',

    /// <summary>A name: two lines.</summary>
    Global = (byte)'c',

    /// <summary>An integer of one byte.</summary>
    Integer1 = (byte)'K',

    /// <summary>An integer of two bytes.</summary>
    Integer2 = (byte)'M',

    /// <summary>A signed integer of four bytes.</summary>
    Integer4 = (byte)'J',

    /// <summary>A signed integer of as many bytes as the next one says.</summary>
    Long = 0x8A,

    /// <summary>False.</summary>
    False = 0x89,

    /// <summary>A tuple of all since the mark.</summary>
    Tuple = (byte)'t',

    /// <summary>A tuple of one.</summary>
    Tuple1 = 0x85,

    /// <summary>A tuple of two.</summary>
    Tuple2 = 0x86,

    /// <summary>A tuple of three.</summary>
    Tuple3 = 0x87,

    /// <summary>What a tuple names: a storage.</summary>
    PersistentId = (byte)'Q',

    /// <summary>A name applied to a tuple.</summary>
    Reduce = (byte)'R',

    /// <summary>Keeps the top under a number of one byte.</summary>
    Put = (byte)'q',

    /// <summary>Keeps the top under a number of four bytes.</summary>
    LongPut = (byte)'r',

    /// <summary>What is kept under a number of one byte.</summary>
    Get = (byte)'h',

    /// <summary>What is kept under a number of four bytes.</summary>
    LongGet = (byte)'j',

    /// <summary>One item into a dict.</summary>
    SetItem = (byte)'s',

    /// <summary>All items since the mark into a dict.</summary>
    SetItems = (byte)'u',

    /// <summary>The end.</summary>
    Stop = (byte)'.',
}

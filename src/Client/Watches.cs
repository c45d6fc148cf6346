namespace RaftStream.Client;

/// <summary>What a watch tells. The numbers are part of the client protocol, and mean the same in the node.</summary>
public enum ClientWatchKind : byte
{
    /// <summary>A counter has a new value.</summary>
    Changed = 0,

    /// <summary>A counter was deleted.</summary>
    Deleted = 1,

    /// <summary>
    /// The changes in between are not known: forget what you know. All counters that are watched follow as <see cref="Row"/>, with what of them changes meanwhile, up to the next
    /// <see cref="Progress"/>, at whose index all of it together is the state.
    /// </summary>
    Reset = 2,

    /// <summary>A counter that there is.</summary>
    Row = 3,

    /// <summary>Everything up to this index was told.</summary>
    Progress = 4,

    /// <summary>A key holds bytes, which are not told: others than before or, from a reset up to its progress, also as a row that there is. No counter is there any more.</summary>
    Bytes = 5,
}

/// <summary>
/// One event of a watch. Only what is committed is told, each change once and in the order of the log; between two events nothing that is watched has changed, except where
/// a <see cref="ClientWatchKind.Reset"/> says so.
/// </summary>
/// <param name="Kind">What it tells.</param>
/// <param name="Index">The log entry that made the change; of a row or progress, the last one that the state holds. 0 for a reset.</param>
/// <param name="Key">The key; empty for a reset and for progress.</param>
/// <param name="Value">Its value; 0 where it was deleted or holds bytes.</param>
/// <param name="Resume">
/// Where another watch goes on, of any client, that has handled this event and all before it: the ids of the HTTP interface, such as <c>0@57</c>. An entry that changes several
/// counters moves it to itself only with the last of them: whoever stops within it is told all of it again, and nothing of those before. Null from a reset up to the progress that ends
/// it: begin anew.
/// </param>
public readonly record struct ClientWatchEvent(ClientWatchKind Kind, long Index, string Key, long Value, ReadToken? Resume);

/// <summary>How a filter chooses. The numbers are part of the client protocol.</summary>
internal enum ClientFilterKind : byte
{
    /// <summary>Every counter.</summary>
    All = 0,

    /// <summary>One counter.</summary>
    Key = 1,

    /// <summary>Counters whose keys begin alike.</summary>
    Prefix = 2,
}

/// <summary>Which counters a watch is about.</summary>
public sealed class ClientWatchFilter
{
    private ClientWatchFilter(ClientFilterKind kind, string text) => (Kind, Text) = (kind, text);

    /// <summary>Every counter.</summary>
    public static ClientWatchFilter All { get; } = new(ClientFilterKind.All, "");

    internal ClientFilterKind Kind { get; }

    /// <summary>The key or the prefix.</summary>
    internal string Text { get; }

    /// <summary>The counter under one key.</summary>
    /// <exception cref="ArgumentException">It is no key.</exception>
    public static ClientWatchFilter Key(string key)
    {
        RaftStreamClient.CheckKey(key);
        return new(ClientFilterKind.Key, key);
    }

    /// <summary>Counters whose keys begin with this, byte by byte of UTF-8; 1 to 4,096 bytes.</summary>
    /// <exception cref="ArgumentException">No key can begin so.</exception>
    public static ClientWatchFilter Prefix(string prefix)
    {
        RaftStreamClient.CheckKey(prefix);
        return new(ClientFilterKind.Prefix, prefix);
    }
}

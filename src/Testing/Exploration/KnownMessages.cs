using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>A message that was sent in some explored state.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Envelope">What it says.</param>
/// <param name="Family">The number that it shares with the messages that differ from it in <see cref="Message.Match"/> only, if it is an append.</param>
internal sealed record KnownMessage(int Id, Envelope Envelope, int Family)
{
    /// <summary>The entries as the core takes them.</summary>
    public EntryShape[] Shapes { get; } = Array.ConvertAll(Envelope.Entries, static entry => entry.Shape);

    /// <summary>The configurations among them.</summary>
    public Configuration[] Configurations { get; } = [.. Envelope.Entries.Where(static entry => entry.Configuration is not null).Select(static entry => entry.Configuration!)];

    /// <summary>The numbers of this message under each renaming.</summary>
    public int[] Twins { get; set; } = [];

    /// <summary>The hashes of this message under each renaming.</summary>
    public ulong[] Hashes { get; set; } = [];

    /// <summary>Who gets it, as a place in a cluster's state.</summary>
    public int To { get; } = Envelope.Message.To.Value - 1;

    /// <summary>Who sends it, as a place in a cluster's state.</summary>
    public int From { get; } = Envelope.Message.From.Value - 1;

    /// <summary>Whether it is an append.</summary>
    public bool IsAppend { get; } = Envelope.Message.Kind == MessageKind.Append;

    /// <summary>Whether it is an append without entries.</summary>
    public bool IsHeartbeat { get; } = Envelope.Message is { Kind: MessageKind.Append, Count: 0 };

    /// <summary>Whether it tells somebody that it is no member.</summary>
    public bool IsWordToStranger { get; } = Envelope.Message.Kind == MessageKind.Stranger;

    /// <summary>Whether it refuses an append.</summary>
    public bool IsRefusal { get; } = Envelope.Message is { Kind: MessageKind.AppendReply, Accepted: false };
}

/// <summary>Every message that was ever sent, once: states then hold numbers. Numbers are given in the order of first sending.</summary>
internal sealed class KnownMessages(ExplorerOptions options, Renaming[] renamings)
{
    private readonly List<KnownMessage> _messages = [];
    private readonly Dictionary<ulong, int> _known = [];
    private readonly Dictionary<ulong, int> _families = [];

    public int Count => _messages.Count;

    public KnownMessage this[int id] => _messages[id];

    /// <summary>The number of a message, a new one if it was never sent before.</summary>
    public int IdOf(Envelope envelope)
    {
        if (_known.TryGetValue(HashOf(envelope), out var id))
            return id;
        id = Add(envelope);
        var twins = Array.ConvertAll(renamings, renaming => Add(renaming.Of(envelope)));
        for (var first = 0; first < twins.Length; first++)
        {
            var twin = _messages[twins[first]];
            twin.Twins = Array.ConvertAll(renamings, renaming => twins[renaming.After(renamings[first], renamings)]);
            twin.Hashes = Array.ConvertAll(twin.Twins, second => HashOf(_messages[second].Envelope));
        }

        return id;
    }

    private int Add(Envelope envelope)
    {
        var hash = HashOf(envelope);
        if (_known.TryGetValue(hash, out var id))
            return id;
        var family = _messages.Count;
        if (envelope.Message.Kind == MessageKind.Append && !_families.TryAdd(FamilyOf(envelope), family))
            family = _families[FamilyOf(envelope)];
        _messages.Add(new(_messages.Count, envelope, family));
        return _known[hash] = _messages.Count - 1;
    }

    /// <summary>What appends share that stand for each other.</summary>
    private ulong FamilyOf(Envelope envelope) => HashOf(
        envelope with { Message = envelope.Message with { Match = default, Commit = options.CommitIsObserved ? default : envelope.Message.Commit } });

    /// <summary>The hash of a message.</summary>
    public static ulong HashOf(Envelope envelope)
    {
        var message = envelope.Message;
        var hash = default(Fingerprint);
        hash.Add((long)message.Kind);
        hash.Add((message.From.Value << 8) | message.To.Value);
        hash.Add(message.Term.Value);
        hash.Add(message.Position);
        hash.Add(message.Commit.Value);
        hash.Add(message.Match.Value);
        hash.Add((message.Accepted ? 1 : 0) | (message.ByTransfer ? 2 : 0));
        hash.Add((long)message.Disk);
        hash.Add((long)message.Life);
        foreach (var entry in envelope.Entries)
            Add(ref hash, entry);
        hash.Add(envelope.Entries.Length);
        return hash.Value;
    }

    /// <summary>Adds an entry to a fingerprint.</summary>
    public static void Add(ref Fingerprint hash, in EntryRecord entry)
    {
        hash.Add(entry.Shape.Term.Value);
        hash.Add(((long)entry.Shape.Kind << 32) | (uint)entry.Shape.Length);
        if (entry.Configuration is not { } members)
            return;
        foreach (var member in members.Members)
            hash.Add(((long)member.Id.Value << 2) | (member.IsVoter ? 2L : 0) | (member.WasVoter ? 1L : 0));
    }
}

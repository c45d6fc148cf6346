using System.Buffers;
using System.Buffers.Binary;
using RaftStream.Raft.Core;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>What the two played members are after for the moment, so that the node sees all of its roles.</summary>
internal enum Mood : byte
{
    /// <summary>One leads and the node follows.</summary>
    Lead = 0,

    /// <summary>Nobody leads: the node stands for election, and is voted for.</summary>
    Vote = 1,

    /// <summary>Anything.</summary>
    Chaos = 2,
}

/// <summary>
/// Makes frames that a member could send in the place where the node stands now: appends that match its log, votes, answers to what it
/// asked, offers and pieces of snapshots, commands out of its outbox. Owned by one sender.
/// </summary>
internal sealed class FrameForge(Random random, Corpus corpus)
{
    private const int MaxEntries = 6;
    private const int TermOffset = 16;

    private readonly ArrayBufferWriter<byte> _command = new();
    private OutboxPlace _place = new(1, (UInt128)random.NextInt64(), 0);

    /// <summary>Whether a frame is one that only a leader sends, and that keeps a follower from standing for election.</summary>
    public static bool IsOfALeader(byte[] frame) =>
        frame.Length > Frame.HeadSize && frame[0] == (byte)PeerFrameType.Message && (MessageKind)frame[Frame.HeadSize] is MessageKind.Append or MessageKind.SnapshotOffer;

    /// <summary>The frame in this term, if it is a message of a later one: each new term would begin the election anew.</summary>
    public static byte[] NotAbove(byte[] frame, Term term)
    {
        if (frame.Length < PeerFrame.MessageSize || frame[0] != (byte)PeerFrameType.Message || BinaryPrimitives.ReadInt64LittleEndian(frame.AsSpan(TermOffset)) <= term.Value)
            return frame;
        var changed = (byte[])frame.Clone();
        BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(TermOffset), term.Value);
        return changed;
    }

    /// <summary>A frame for this status, as a good member would send it, give or take.</summary>
    public byte[] Make(RaftStatus status, NodeId from, Mood mood)
    {
        var dice = random.Next(100);
        if (dice < 8)
            return Piece(status);
        if (dice < 14)
            return Forward(from);
        if (dice < 30 || (mood == Mood.Vote && dice < 90))
            return Answer(status, from, mood);
        return mood == Mood.Vote || dice >= 94 ? Votes(status, from, mood) : Append(status, from);
    }

    private byte[] Append(RaftStatus status, NodeId from)
    {
        // Mostly the end of the log, or somewhat before it: what comes behind a hole is refused without a look.
        var back = random.Next(4) == 0 ? random.Next(0, 40) : 0;
        var index = Math.Max(status.Commit.Value, status.Last.Index.Value - back);
        var position = index == status.Last.Index.Value ? status.Last : new LogPosition(new(index), index == 0 ? Term.Zero : new(Math.Max(1, status.Last.Term.Value - random.Next(2))));
        var term = new Term(Math.Max(1, Math.Max(status.Term.Value + Step(), position.Term.Value)));
        var count = random.Next(3) == 0 ? 0 : random.Next(1, MaxEntries);
        var records = Records(position, term, count);
        return Message(
            new()
            {
                Kind = MessageKind.Append,
                From = from,
                To = FuzzNode.Self,
                Term = term,
                Position = position,
                Commit = new(Math.Max(0, index + random.Next(-4, count + 1))),
                Match = new(random.Next(2) == 0 ? 0 : status.Commit.Value),
                Round = random.Next(1000),
                Clock = new(random.Next(4) == 0 ? random.NextInt64() : 0),
                Life = (ulong)random.Next(3),
                Echo = new(random.Next(1000)),
                Count = count,
            },
            records);
    }

    /// <summary>Answers one of the newest questions of the node: mostly with yes.</summary>
    private byte[] Answer(RaftStatus status, NodeId from, Mood mood)
    {
        if (corpus.Question(random) is not { } question || !TryRead(question, out var asked))
            return Votes(status, from, mood);
        var kind = asked.Kind switch
        {
            MessageKind.PreVote => MessageKind.PreVoteReply,
            MessageKind.Vote => MessageKind.VoteReply,
            _ => MessageKind.AppendReply,
        };
        var matched = asked.Position.Index + asked.Count;
        return Message(
            new()
            {
                Kind = kind,
                From = from,
                To = FuzzNode.Self,
                Term = kind == MessageKind.PreVoteReply ? asked.Term : new(Math.Max(asked.Term.Value, 0)),
                Position = kind == MessageKind.AppendReply ? new(matched - random.Next(2), Term.Zero) : LogPosition.Zero,
                Match = random.Next(8) == 0 ? asked.Position.Index : LogIndex.Zero,
                Round = asked.Round,
                Accepted = random.Next(8) != 0,
            },
            []);
    }

    private byte[] Votes(RaftStatus status, NodeId from, Mood mood)
    {
        var kind = random.Next(9) switch
        {
            5 => MessageKind.ElectNow,
            6 => MessageKind.ReadIndex,
            7 => MessageKind.ReadIndexReply,
            8 when random.Next(200) == 0 => MessageKind.Stranger,
            0 => MessageKind.Vote,
            1 when mood != Mood.Vote => MessageKind.SnapshotOffer,
            2 => MessageKind.VoteReply,
            3 => MessageKind.PreVoteReply,
            _ => MessageKind.PreVote,
        };
        var position = new LogPosition(new(Math.Max(1, status.Last.Index.Value + random.Next(-2, 3))), new(Math.Max(1, status.Last.Term.Value)));
        return Message(
            new()
            {
                Kind = kind,
                From = from,
                To = FuzzNode.Self,
                Term = new(Math.Max(position.Term.Value, status.Term.Value + Step()) + (kind == MessageKind.Vote && random.Next(50) == 0 ? 1 : 0)),
                Position = kind == MessageKind.SnapshotOffer && random.Next(64) == 0 ? new(new(status.Last.Index.Value + random.Next(1, 1000)), position.Term) : position,
                Round = random.Next(64),
                Accepted = random.Next(2) == 0,
                ByTransfer = random.Next(8) == 0,
                Life = (ulong)random.NextInt64(),
            },
            []);
    }

    /// <summary>Asks for a piece of a snapshot, or sends one.</summary>
    private byte[] Piece(RaftStatus status)
    {
        var position = new LogPosition(new(Math.Max(1, random.Next(3) == 0 ? random.Next(1, 10_000) : status.Snapshot.Value)), new(Math.Max(1, status.Last.Term.Value - random.Next(3))));
        var id = new ChunkId(position, random.Next(8) == 0 ? random.Next() : random.Next(3));
        var type = (PeerFrameType)random.Next(2, 5);
        var length = type != PeerFrameType.Chunk ? 0 : random.Next(64) == 0 ? SnapshotChunk.MaxSize : random.Next(SnapshotChunk.HeaderSize + 1, 400);
        var frame = new byte[PeerFrame.ChunkHeaderSize + length];
        PeerFrame.WriteChunk(frame, type, id);
        if (length > 0)
        {
            random.NextBytes(frame.AsSpan(PeerFrame.ChunkHeaderSize, Math.Min(length, 256)));
            SnapshotChunk.Seal(frame.AsSpan(PeerFrame.ChunkHeaderSize));
        }

        return frame;
    }

    /// <summary>An entry out of the member's outbox: mostly the next of its epoch, sometimes one before or behind it, the first of another epoch, or one of a node that did not send it.</summary>
    private byte[] Forward(NodeId from)
    {
        var node = random.Next(16) == 0 ? new NodeId(random.Next(1, 6)) : from;
        if (random.Next(200) == 0)
            _place = new(Math.Max(1, _place.Start + random.Next(-1, 3)), new((ulong)random.NextInt64(), (ulong)random.NextInt64()), 0);
        if (random.Next(4) != 0)
            _place = _place with { Sequence = _place.Sequence + 1 };
        var place = random.Next(8) == 0 ? _place with { Sequence = Math.Max(1, _place.Sequence + random.Next(-4, 5)) } : _place with { Sequence = Math.Max(1, _place.Sequence) };
        var entry = new OutboxEntry(node, place).ToBytes(Payload());
        var frame = new byte[PeerFrame.ForwardHeaderSize + entry.Length];
        PeerFrame.WriteForward(frame, entry);
        return frame;
    }

    private byte[] Records(LogPosition after, Term term, int count)
    {
        if (count == 0)
            return [];
        var records = new ArrayBufferWriter<byte>(256);
        for (var number = 1; number <= count; number++)
        {
            var kind = Kind();
            var payload = kind == EntryKind.Configuration ? Configuration() : Payload();
            var record = new LogRecord(new(after.Index + number, term), random.Next(), kind, payload.Length);
            record.Write(records.GetSpan(record.Size), payload);
            records.Advance(record.Size);
        }

        return records.WrittenSpan.ToArray();
    }

    private EntryKind Kind() => random.Next(64) switch { 0 => EntryKind.Configuration, < 4 => EntryKind.Noop, 4 => EntryKind.SnapshotPoint, < 9 => EntryKind.Session, _ => EntryKind.Command };

    /// <summary>Members that make sense: the three, and now and then a learner, or two sets of voters at once.</summary>
    private byte[] Configuration()
    {
        var isJoint = random.Next(4) == 0;
        var members = Enumerable.Range(1, 3 + random.Next(2)).Select(id => new Member
        {
            Id = new(id),
            Address = "127.0.0.1:9",
            Disk = id == FuzzNode.Self.Value ? 0 : FuzzNode.DiskOf(new(id)),
            Priority = random.Next(99, 102),
            IsVoter = id <= 3 && (id != 3 || !isJoint),
            WasVoter = id <= 3 && isJoint,
        });
        return ConfigurationFormat.ToBytes(new(members));
    }

    /// <summary>A command that the store knows, or bytes that it does not, now and then very many.</summary>
    private ReadOnlySpan<byte> Payload()
    {
        _command.ResetWrittenCount();
        switch (random.Next(8))
        {
            case 0:
                break;
            case 1:
                var size = random.Next(2000) == 0 ? 200_000 : random.Next(1, 200);
                random.NextBytes(_command.GetSpan(size)[..size]);
                _command.Advance(size);
                break;
            default:
                StoreCommand.WriteAdd(_command, "abcdefgh"u8[..random.Next(1, 8)], random.Next(1000));
                break;
        }

        return _command.WrittenSpan;
    }

    /// <summary>Mostly this term, seldom the next or the one before.</summary>
    private int Step() => random.Next(3000) switch { 0 => 1, < 60 => -1, _ => 0 };

    private static bool TryRead(byte[] frame, out Message message) => PeerFrame.TryReadMessage(frame, FuzzNode.Self, FuzzNode.Self, new EntryShape[512], out message);

    private static byte[] Message(in Message message, byte[] records)
    {
        var frame = new byte[PeerFrame.MessageSize + records.Length];
        PeerFrame.WriteMessage(frame, message with { Disk = FuzzNode.DiskOf(message.From) });
        records.CopyTo(frame, PeerFrame.MessageSize);
        return frame;
    }
}

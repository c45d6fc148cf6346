using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// A life of a replica's storage: everything that a disk agent does to it, in an order and in sizes that the seed chooses, with a model
/// of what it must hold. Used once, over a disk that writes down what is done.
/// </summary>
internal sealed class StorageWorkload(SimRandom random, RecordingDisk recorder, IDisk disk)
{
    /// <summary>Whose storage it is.</summary>
    public static readonly LogIdentity Identity = new(new("0d9a5f0e-7d2c-4f36-9a55-6d1f2c1e8b44"), new(2));

    /// <summary>Small, so that a short life has many segments, and a snapshot many chunks.</summary>
    public static readonly LogOptions Options = new() { FirstSegmentSize = 4096, MaxSegmentSize = 16 * 1024, MaxBatchSize = 1024 * 1024, Chunks = new(Min: 64, TailBits: 6, Max: 512) };

    private Storage? _storage;
    private StorageModel _model = recorder.Promise.Acknowledged;
    private byte[] _state = recorder.Promise.Acknowledged.Snapshots.LastOrDefault()?.State ?? [];
    private long _clock = recorder.Promise.Acknowledged.LastTime;

    /// <summary>Opens the storage and uses it.</summary>
    public void Run(int steps)
    {
        Open();
        for (var step = 0; step < steps; step++)
            Step(random.Below(40));
        _storage!.Dispose();
        recorder.Promise = new(_model, _model, "nothing");
    }

    private void Step(int choice)
    {
        if (choice < 6)
            Do(_model, "filling the next segment ahead", () => _storage!.Log.PrebuildSlice());
        else if (choice == 6 && _model.Last.Index > _model.Committed)
            Save();
        else if (choice == 7)
            Do(Compacted(), "compacting", () => _storage!.Compact());
        else if (choice == 8)
            Receive();
        else if (choice == 9)
            Reopen();
        else
            Commit();
    }

    /// <summary>Does something that makes the model another one; what it must be is known before the first operation.</summary>
    private void Do(StorageModel next, string doing, Action action)
    {
        recorder.Promise = new(_model, next, doing);
        action();
        _model = next;
        recorder.Promise = new(_model, _model, "nothing");
    }

    private void Open() => Do(_model, "opening", () =>
    {
        var opening = Storage.Open(disk, Identity, Options, random.NextBits());
        ViolationException.Require(opening.Storage is not null, "Recovery", $"A storage that was closed does not open: {opening.Problem?.Sentence}");
        _storage = opening.Storage;
    });

    private void Reopen()
    {
        _storage!.Dispose();
        Open();
    }

    private void Commit()
    {
        var next = _model.Copy();
        for (var parts = random.Between(1, 3); parts > 0; parts--)
        {
            if (random.Chance(0.25) || next.HardState.Term == Term.Zero)
                StageVote(next);
            else
                StageEntries(next);
        }

        Do(next, "committing a batch", () => _storage!.Log.Commit());
    }

    private void StageVote(StorageModel next)
    {
        next.HardState = new(new(Math.Max(next.HardState.Term.Value, next.Last.Term.Value) + random.Between(0, 1)), new(random.Below(4)));
        if (next.HardState.Term == Term.Zero)
            next.HardState = new(new(1), next.HardState.Vote);
        _storage!.Log.Stage(next.HardState);
    }

    private void StageEntries(StorageModel next)
    {
        var first = next.Last.Index.Next;
        var lowest = LogIndex.Max(LogIndex.Max(next.Committed, next.Compactable), next.Start.Index).Next;
        if (random.Chance(0.2) && first > lowest)
            first = LogIndex.Max(lowest, first - random.Between(1, 6));
        var records = new ArrayBufferWriter<byte>();
        var count = random.Between(1, 3);
        for (var place = 0; place < count; place++)
        {
            var payload = new byte[random.Below(12) == 0 ? random.Below(5000) : random.Below(random.Chance(0.5) ? 120 : 900)];
            if (random.Chance(0.8))
                random.Fill(payload);
            var record = new LogRecord(new(first + place, new(Math.Max(1, next.HardState.Term.Value))), ++_clock, EntryKind.Command, payload.Length);
            var bytes = new byte[record.Size];
            record.Write(bytes, payload);
            records.Write(bytes);
            next.Put(record.Position, record.Time, bytes);
        }

        _storage!.Log.Stage(records.WrittenSpan, first, count);
    }

    private void Save()
    {
        var index = _model.Committed + 1 + random.Below(_model.Last.Index - _model.Committed);
        var snapshot = new ModelSnapshot(_model.PositionAt(index), _model.TimeAt(index), NextState());
        var next = _model.Copy();
        next.Save(snapshot);
        Do(next, $"saving the snapshot at {snapshot.Position}", () => Write(_storage!.Snapshots, snapshot));
        Do(Compacted(), "compacting", () => _storage!.Compact());
    }

    private StorageModel Compacted()
    {
        var next = _model.Copy();
        if (next.Snapshots.Count > 1)
            next.Compactable = LogIndex.Max(next.Compactable, next.Snapshots[0].Position.Index);
        return next;
    }

    /// <summary>Receives a snapshot ahead of the log, or one that contradicts its end; sometimes the transfer ends before it is whole.</summary>
    private void Receive()
    {
        var isAhead = random.Chance(0.6) || _model.Last.Index <= _model.Committed;
        var index = isAhead ? _model.Last.Index + random.Between(1, 40) : _model.Committed + 1 + random.Below(_model.Last.Index - _model.Committed);
        var term = new Term(Math.Max(_model.HardState.Term.Value, _model.Last.Term.Value) + 1);
        var snapshot = new ModelSnapshot(new(index, term), ++_clock, NextState());
        using var source = SnapshotStore.Open(new ImageDisk([]), Options.Chunks);
        Write(source, snapshot);
        for (var isWhole = false; !isWhole;)
        {
            Do(_model, $"receiving a piece of the snapshot at {snapshot.Position}", () => isWhole = TakePiece(source, snapshot.Position));
            if (random.Chance(0.05))
                return;
        }

        // A term that is known is on disk before anything of it is used, as the core does it.
        var voted = _model.Copy();
        voted.HardState = new(term, NodeId.None);
        _storage!.Log.Stage(voted.HardState);
        Do(voted, "committing a term", () => _storage.Log.Commit());
        var next = _model.Copy();
        next.Install(snapshot);
        Do(next, $"installing the snapshot at {snapshot.Position}", () => _storage.Install());
    }

    private bool TakePiece(SnapshotStore source, LogPosition position)
    {
        var receiver = _storage!.Snapshots.BeginReceive(position);
        var bytes = new ArrayBufferWriter<byte>();
        source.ReadPiece(position, receiver.NextPiece, bytes);
        var outcome = receiver.Accept(receiver.NextPiece, bytes.WrittenSpan);
        while (receiver.IsLooking)
            outcome = receiver.Look();
        return outcome == PieceOutcome.Finished;
    }

    /// <summary>A state as it grows out of the one before: mostly a little of it is another, so that snapshots share chunks.</summary>
    private byte[] NextState()
    {
        if (_state.Length == 0 || random.Chance(0.1))
            return _state = Drawn(random.Below(2500));
        var start = random.Below(_state.Length);
        var rest = start + random.Below(Math.Min(100, _state.Length - start) + 1);
        return _state = [.. _state.AsSpan(0, start), .. Drawn(random.Below(_state.Length > 4000 ? 10 : 150)), .. _state.AsSpan(rest)];
    }

    private byte[] Drawn(int length)
    {
        var bytes = new byte[length];
        random.Fill(bytes);
        return bytes;
    }

    private static void Write(SnapshotStore store, ModelSnapshot snapshot)
    {
        using var writer = store.BeginWrite(new(snapshot.Position, snapshot.Time, (ulong)snapshot.Time, new byte[] { 1, 2, 3 }));
        writer.Write(snapshot.State);
        writer.Finish();
    }
}

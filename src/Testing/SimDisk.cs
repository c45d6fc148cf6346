namespace RaftStream.Testing;

/// <summary>
/// A disk in memory that keeps exactly the promises of <see cref="IDisk"/> and no more: what was not synced is lost in a power cut, in
/// any subset of sectors and of names. All chance comes from the <see cref="SimRandom"/> it is given. Used from one thread.
/// </summary>
/// <remarks>
/// Once a crash was thrown every operation throws it again, until <see cref="Crash"/> or <see cref="Kill"/> says which kind of crash it
/// was. Files that were open then stay dead.
/// </remarks>
public sealed class SimDisk(SimRandom random) : IDisk
{
    /// <summary>What arrives whole or not at all, in bytes.</summary>
    public const int SectorSize = 512;

    private readonly SimDiskFolder _folder = new();
    private long _crashAt = long.MaxValue;
    private CrashMoment _crashMoment;
    private bool _isDown;
    private int _life;

    /// <summary>What has happened so far.</summary>
    public SimDiskCounters Counters { get; } = new();

    /// <summary>How many operations that change something were begun: those of <see cref="DiskOperation"/>.</summary>
    public long Operations { get; private set; }

    /// <summary>
    /// The bytes all files together may take. A write that needs more writes what fits and then finds the disk full, as does whoever
    /// creates a file when nothing is left.
    /// </summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>The bytes that files may still grow by; what a delete sets free comes back.</summary>
    public long FreeBytes
    {
        get => Capacity == long.MaxValue ? long.MaxValue : Math.Max(0, Capacity - BytesUsed);
        set => Capacity = value == long.MaxValue ? long.MaxValue : BytesUsed + value;
    }

    /// <summary>Asked before each operation, with the file's name, whether it fails; null: none does.</summary>
    public Func<DiskOperation, string, DiskFault>? Fault { get; set; }

    /// <summary>Whether a crash was thrown, and not yet said which kind it was.</summary>
    internal bool IsDown => _isDown;

    /// <summary>Where in its operation the last crash that was asked for comes.</summary>
    internal CrashMoment Moment => _crashMoment;

    /// <summary>The bytes that all files take.</summary>
    public long BytesUsed
    {
        get
        {
            var total = 0L;
            foreach (var file in _folder.Files.Values)
                total += file.Length;
            return total;
        }
    }

    /// <summary>Throws <see cref="SimulatedCrashException"/> in the <paramref name="operation"/>-th operation from now on, counted from 1.</summary>
    public void CrashAt(long operation, CrashMoment moment)
    {
        _crashAt = Operations + operation;
        _crashMoment = moment;
    }

    /// <summary>The power goes and comes back: what was not synced is lost, wholly or in part. Open files are dead.</summary>
    public void Crash()
    {
        foreach (var file in _folder.Reachable())
        {
            var unsynced = file.UnsyncedSectors;
            var lost = file.Crash(random);
            Counters.SectorsLost += lost;
            if (lost > 0 && lost < unsynced)
                Counters.TornFiles++;
        }

        Counters.NamesLost += _folder.Crash(random);
        Counters.Crashes++;
        Kill();
    }

    /// <summary>The process ends and another begins: everything written is still there, synced or not. Open files are dead.</summary>
    public void Kill()
    {
        _isDown = false;
        _crashAt = long.MaxValue;
        _life++;
    }

    /// <summary>Rot: changes one bit of a file, counted from its start.</summary>
    public void FlipBit(string name, long bit)
    {
        FileOf(name).FlipBit(bit);
        Counters.BitsFlipped++;
    }

    /// <summary>A sector of a file cannot be read any more (EIO), until it is written anew.</summary>
    public void BreakSector(string name, int sector) => FileOf(name).BreakSector(sector);

    /// <summary>A disk in the same state, without hooks, that goes on by itself.</summary>
    public SimDisk Clone(SimRandom itsRandom)
    {
        var copy = new SimDisk(itsRandom);
        copy._folder.CopyFrom(_folder);
        return copy;
    }

    /// <summary>Makes this disk hold what another holds, a copy of it from before, as after a power cut. Open files are dead.</summary>
    internal void PutBack(SimDisk older)
    {
        _folder.CopyFrom(older._folder);
        Crash();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        RefuseWhenDown();
        return [.. _folder.Files.Keys];
    }

    /// <inheritdoc/>
    public IDiskFile Create(string name)
    {
        if (_folder.Files.ContainsKey(name))
            throw new IOException($"'{name}' exists already.");
        if (FreeBytes == 0)
        {
            Counters.Faults++;
            throw Full(name);
        }

        SimDiskFile? file = null;
        Do(DiskOperation.Create, name, () => file = _folder.Create(name));
        return new OpenFile(this, name, file!);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name)
    {
        RefuseWhenDown();
        return new OpenFile(this, name, FileOf(name));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        _ = FileOf(from);
        Do(DiskOperation.Rename, from, () => _folder.Rename(from, to));
    }

    /// <inheritdoc/>
    public void Delete(string name) => Do(DiskOperation.Delete, name, () => _folder.Delete(name));

    /// <inheritdoc/>
    public void SyncFolder()
    {
        Counters.FolderSyncs++;
        if (Begin(DiskOperation.SyncFolder, "") == CrashMoment.Middle)
        {
            _folder.SyncSome(random);
            throw Down(DiskOperation.SyncFolder);
        }

        _folder.Sync();
        End(DiskOperation.SyncFolder);
    }

    private void Do(DiskOperation operation, string name, Action effect)
    {
        // A change of one name has no middle: it is made or not.
        if (Begin(operation, name) == CrashMoment.Middle && random.Chance(0.5))
            throw Down(operation);
        effect();
        End(operation);
    }

    // Returns the moment of the crash that this operation is to have, if any; one before it is thrown here.
    private CrashMoment? Begin(DiskOperation operation, string name)
    {
        RefuseWhenDown();
        Operations++;
        if (Operations == _crashAt && _crashMoment == CrashMoment.Before)
            throw Down(operation);
        var fault = Fault?.Invoke(operation, name) ?? DiskFault.None;
        if (fault != DiskFault.None)
            Counters.Faults++;
        if (fault == DiskFault.DiskFull && operation is not (DiskOperation.SyncData or DiskOperation.SyncFolder))
            throw Full(name);
        if (fault != DiskFault.None)
            throw new IOException($"{operation} of '{name}' failed with errno {(fault == DiskFault.DiskFull ? 28 : 5)} (simulated).");
        return Operations == _crashAt ? _crashMoment : null;
    }

    private void End(DiskOperation operation)
    {
        if (Operations >= _crashAt)
            throw Down(operation);
    }

    private SimulatedCrashException Down(DiskOperation operation)
    {
        _isDown = true;
        return new($"Crashed in operation {Operations}, {operation}.");
    }

    private void RefuseWhenDown()
    {
        if (_isDown)
            throw new SimulatedCrashException("The machine is down.");
    }

    private SimDiskFile FileOf(string name) =>
        _folder.Files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException($"There is no file '{name}'.", name);

    private static DiskFullException Full(string name) => new($"There is no room for '{name}': errno 28 (simulated).");

    private void Write(string name, SimDiskFile file, int offset, ReadOnlySpan<byte> source)
    {
        Counters.Writes++;
        Counters.BytesWritten += source.Length;
        var moment = Begin(DiskOperation.Write, name);
        var growth = Math.Max(0, offset + source.Length - file.Length);
        if (growth > FreeBytes)
        {
            Counters.Faults++;
            file.Write(offset, source[..(source.Length - (int)(growth - FreeBytes))]);
            throw Full(name);
        }

        if (moment == CrashMoment.Middle)
        {
            // A process that is killed in a write has written up to some boundary; a power cut then takes of that what it likes.
            var end = (offset + random.Between(0, source.Length)) / SectorSize * SectorSize;
            if (end > offset)
                file.Write(offset, source[..(end - offset)]);
            throw Down(DiskOperation.Write);
        }

        file.Write(offset, source);
        End(DiskOperation.Write);
    }

    private void Sync(string name, SimDiskFile file)
    {
        Counters.Syncs++;
        CrashMoment? moment;
        try
        {
            moment = Begin(DiskOperation.SyncData, name);
        }
        catch (IOException)
        {
            file.FailSync(random);
            throw;
        }

        if (moment == CrashMoment.Middle)
        {
            file.SyncSome(random);
            throw Down(DiskOperation.SyncData);
        }

        file.Sync();
        End(DiskOperation.SyncData);
    }

    private sealed class OpenFile(SimDisk disk, string name, SimDiskFile file) : IDiskFile
    {
        private readonly int _life = disk._life;
        private bool _isClosed;

        public long Length => Live().Length;

        public int Read(long offset, Span<byte> destination) => Live().Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source) => disk.Write(name, Live(), checked((int)offset), source);

        public void SyncData() => disk.Sync(name, Live());

        public void Dispose() => _isClosed = true;

        private SimDiskFile Live()
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_life != disk._life)
                throw new SimulatedCrashException($"'{name}' was opened before a crash.");
            disk.RefuseWhenDown();
            return file;
        }
    }
}

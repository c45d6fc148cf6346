namespace RaftStream.Testing;

/// <summary>
/// A disk of a real node, over a real one, that fails on demand. What is written stays in memory and reaches the disk below only with its sync, and so
/// does what is created, renamed or deleted with that of the folder: so a process that is killed leaves what a power cut leaves, no more than
/// <see cref="IDisk"/> promises. Reads find what was written last.
/// </summary>
/// <remarks>
/// Locked as a whole: a state machine reads a snapshot on another thread than the log's, and power fails on a third. A power cut that is to come
/// in the middle of a sync leaves of what was not synced any sectors and any names, drawn from its seed, as <see cref="SimDisk.Crash"/> does; from
/// then on every operation throws <see cref="SimulatedCrashException"/>, for the case that the process is still there.
/// </remarks>
internal sealed class FaultyDisk : IDisk, IDisposable
{
    /// <summary>What arrives whole or not at all, in bytes.</summary>
    public const int SectorSize = SimDisk.SectorSize;

    /// <summary>
    /// The most that may be written and not synced, in bytes: twice the largest batch of the log, beside which a slice of the next segment and four
    /// pieces of a snapshot are under way.
    /// </summary>
    public const long MaxUnsynced = 128L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly DiskFaults _faults;
    private readonly Action _powerOff;
    private readonly UnsyncedNames _names;
    private readonly HashSet<UnsyncedFile> _unsynced = [];
    private bool _isOff;

    /// <summary>Puts it over a disk, which it owns. <paramref name="powerOff"/> is called last of all in a power cut, and should not return.</summary>
    public FaultyDisk(IDisk disk, DiskFaults faults, Action powerOff)
    {
        (_disk, _faults, _powerOff) = (disk, faults, powerOff);
        _names = new(disk);
    }

    /// <summary>Sectors that a power cut took.</summary>
    public int SectorsLost { get; private set; }

    /// <summary>The power goes now. Of what was not synced a part drawn from the seed stays.</summary>
    public void CutPower(long seed)
    {
        lock (_gate)
        {
            if (!_isOff)
                GoOff(seed);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        lock (_gate)
        {
            RefuseWhenOff();
            return _names.List();
        }
    }

    /// <inheritdoc/>
    public IDiskFile Create(string name)
    {
        lock (_gate)
        {
            RefuseWhenOff();
            if (_names.Seen.ContainsKey(name))
                throw new IOException($"'{name}' exists already.");
            if (_faults.IsFull)
                throw _faults.Refuse(name);
            return new OpenFile(this, name, _names.Create(name));
        }
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name)
    {
        lock (_gate)
        {
            var file = FileOf(name);
            file.Acquire();
            return new OpenFile(this, name, file);
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            _ = FileOf(from);
            _names.Rename(from, to);
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (_gate)
        {
            RefuseWhenOff();
            _names.Delete(name);
        }
    }

    /// <inheritdoc/>
    public void SyncFolder()
    {
        _faults.Delay();
        lock (_gate)
        {
            RefuseWhenOff();
            if (_faults.CutInSync is not 0 and var seed)
                throw GoOff(seed);
            if (_faults.TakeSyncFailure())
            {
                _names.FailSync();
                throw new IOException("fsync of the folder failed with errno 5 (a fault of the lab).");
            }

            _names.Sync();
            _unsynced.RemoveWhere(static file => file.UnsyncedBytes == 0);
        }
    }

    /// <summary>Closes everything. What is not synced is lost, as if the power went with it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOff = true;
            foreach (var file in _names.Reachable())
                file.Close();
            (_disk as IDisposable)?.Dispose();
        }
    }

    private SimulatedCrashException GoOff(long seed)
    {
        _isOff = true;
        var random = new SimRandom((ulong)seed);
        foreach (var file in _names.Reachable())
            SectorsLost += file.KeepSome(random);
        _names.KeepSome(random);
        _powerOff();
        return new("The power is gone.");
    }

    private UnsyncedFile FileOf(string name)
    {
        RefuseWhenOff();
        return _names.Seen.TryGetValue(name, out var file) ? file : throw new FileNotFoundException($"There is no file '{name}'.", name);
    }

    private void RefuseWhenOff()
    {
        if (_isOff)
            throw new SimulatedCrashException("The power is gone.");
    }

    private void Write(string name, UnsyncedFile file, long offset, ReadOnlySpan<byte> source)
    {
        if (file.HasFailed)
            throw new IOException($"'{name}' takes no more writes after a sync that failed: what reached the disk is unknown until the node starts again.");
        if (_unsynced.Sum(static each => each.UnsyncedBytes) + source.Length > MaxUnsynced)
            throw new IOException($"More than {MaxUnsynced} bytes were written without a sync, the last to '{name}': the lab's disk keeps no more in memory.");
        var room = _faults.IsFull ? (int)Math.Clamp(file.Length - offset, 0, source.Length) : source.Length;
        file.Write(offset, source[..room]);
        _unsynced.Add(file);
        if (room < source.Length)
            throw _faults.Refuse(name);
    }

    private void Sync(string name, UnsyncedFile file)
    {
        if (file.HasFailed)
            throw new IOException($"'{name}' cannot be synced any more after a sync that failed: what reached the disk is unknown until the node starts again.");
        if (_faults.CutInSync is not 0 and var seed)
            throw GoOff(seed);
        if (_faults.TakeSyncFailure())
        {
            file.FailSync(new SimRandom((ulong)_faults.FailedSyncs));
            throw new IOException($"fdatasync of '{name}' failed with errno 5 (a fault of the lab).");
        }

        file.Sync();
        _unsynced.Remove(file);
    }

    /// <summary>An open file. One that met a full disk takes no more writes, as with <see cref="DiskFile"/>: it is to be opened again.</summary>
    private sealed class OpenFile(FaultyDisk disk, string name, UnsyncedFile file) : IDiskFile
    {
        private bool _isClosed;
        private bool _hasFailed;

        public long Length
        {
            get
            {
                lock (disk._gate)
                    return Live().Length;
            }
        }

        public int Read(long offset, Span<byte> destination)
        {
            lock (disk._gate)
                return Live().Read(offset, destination);
        }

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            disk._faults.Delay();
            lock (disk._gate)
                Changing(offset, source);
        }

        public void SyncData()
        {
            disk._faults.Delay();
            lock (disk._gate)
            {
                RefuseAfterFailure();
                disk.Sync(name, Live());
            }
        }

        public void Dispose()
        {
            lock (disk._gate)
            {
                if (_isClosed)
                    return;
                _isClosed = true;
                if (!disk._isOff)
                    file.Release();
            }
        }

        private void Changing(long offset, ReadOnlySpan<byte> source)
        {
            RefuseAfterFailure();
            _hasFailed = true;
            disk.Write(name, Live(), offset, source);
            _hasFailed = false;
        }

        private void RefuseAfterFailure()
        {
            if (_hasFailed)
                throw new IOException($"'{name}' takes no more writes after one that failed: open it again.");
        }

        private UnsyncedFile Live()
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            disk.RefuseWhenOff();
            return file;
        }
    }
}

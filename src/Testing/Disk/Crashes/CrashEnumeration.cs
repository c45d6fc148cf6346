using System.Buffers;
using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// Records what the storage does to its disk, lets the power go at each operation, and opens what may be left, every image of it: what
/// is found must be what was acknowledged or what was being written, byte for byte (the method of Pillai et al., "All File Systems Are
/// Not Created Equal", OSDI 2014).
/// </summary>
/// <remarks>
/// A life goes on from an image of the one before, so that leftovers meet new writes. A sample is recovered under a second crash, and
/// what the first recovery returned must be there after it, because the replica may have acted on it.
/// </remarks>
internal sealed class CrashEnumeration
{
    private const int ImagesOfRecovery = 8;

    private readonly CrashOptions _options;
    private readonly SimRandom _random;
    private readonly HashSet<UInt128> _images = [];
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly CancellationToken _stop;
    private CrashImage _start = new(new(StringComparer.Ordinal));
    private StorageModel _model = new();

    private CrashEnumeration(CrashOptions options, CancellationToken stop) => (_options, _random, _stop) = (options, new(options.Seed), stop);

    /// <summary>What was found so far.</summary>
    public CrashReport Report { get; } = new();

    /// <summary>Enumerates until enough images were seen, a promise is broken, or it is told to stop.</summary>
    public static CrashReport Run(CrashOptions options, CancellationToken stop = default)
    {
        var enumeration = new CrashEnumeration(options, stop);
        var report = enumeration.Report;
        while (report.Images < options.Images && report.Violation is null && !stop.IsCancellationRequested)
            enumeration.Live();
        return report;
    }

    private void Live()
    {
        var life = ++Report.Lives;
        var inner = new ImageDisk(_start.Files);
        var recorder = new RecordingDisk(inner, [.. _start.Files.Keys], new(_model, _model, "nothing"));
        try
        {
            new StorageWorkload(_random.Fork(), recorder, _options.Disk?.Invoke(recorder) ?? recorder).Run(_options.StepsPerLife);
        }
        catch (Exception failure) when (failure is ViolationException or InvariantException or IOException)
        {
            Report.Violation = $"Life {life} of seed {_options.Seed}, without any crash: {failure.Message}";
            return;
        }

        Report.Operations += recorder.Trace.Count;
        var nextLife = _random.Below(recorder.Trace.Count);
        var next = (Image: _start, Model: _model);
        Walk(recorder, _start, _options.ImagesPerPlace, $"life {life}", Visit);
        (_start, _model) = next;

        bool Visit(int place, CrashImage image, StoragePromise promise, string where)
        {
            if (_stop.IsCancellationRequested || Report.Images >= _options.Images)
                return false;
            var found = Check(new(image.Files), image, promise, where);
            if (found is null)
                return false;

            // The last image looked at before the place drawn: any will do, one with torn remains will do best.
            if (place <= nextLife)
                next = (image, found);
            return Report.Openings % _options.SampleEvery != 0 || (CheckRecovery(image, promise, where) && CheckUse(image, found, where));
        }
    }

    /// <summary>Lets the power go before each operation of a trace and behind the last; false from the visitor ends it.</summary>
    private void Walk(RecordingDisk recorder, CrashImage start, int most, string what, Func<int, CrashImage, StoragePromise, string, bool> visit)
    {
        var state = new CrashState(start.Files);
        var images = new CrashImages(_random.Fork(), most);
        var judged = new HashSet<UInt128>();
        StoragePromise? last = null;
        for (var place = 0; place <= recorder.Trace.Count; place++)
        {
            var promise = place < recorder.Trace.Count ? recorder.Trace[place].Promise : recorder.Promise;
            if (promise != last)
                judged.Clear();
            last = promise;
            var before = place == 0 ? "the first operation" : $"operation {place} ({recorder.Trace[place - 1].Kind} of {recorder.Trace[place - 1].Name})";
            foreach (var image in images.Of(state))
            {
                if (judged.Add(image.Hash()) && !visit(place, image, promise, $"{what}, crash behind {before} while {promise.Doing}"))
                    return;
            }

            if (place < recorder.Trace.Count)
                state.Play(recorder.Trace[place]);
        }
    }

    /// <summary>Opens an image; which of the two models it holds, or null and a violation.</summary>
    private StorageModel? Check(ImageDisk disk, CrashImage image, StoragePromise promise, string where)
    {
        Report.Openings++;
        if (_images.Add(image.Hash()))
            Report.Images++;
        var found = Find(disk, promise, out var problem);
        if (found is null)
            Report.Violation = $"Seed {_options.Seed}, {where}: {problem}. The image: {image}.";
        return found;
    }

    private StorageModel? Find(IDisk disk, StoragePromise promise, out string? problem)
    {
        StorageOpening opening;
        try
        {
            opening = Storage.Open(disk, StorageWorkload.Identity, StorageWorkload.Options, saltSeed: (ulong)Report.Openings);
        }
        catch (Exception failure) when (failure is IOException or InvariantException)
        {
            problem = $"opening throws: {failure.Message}";
            return null;
        }

        problem = opening.Problem?.Sentence ?? opening.SnapshotDamage;
        using var storage = opening.Storage;
        if (problem is not null)
            return null;
        if (opening.Facts.TornBytes > 0)
            Report.TornTails++;
        var difference = promise.Acknowledged.DifferenceTo(storage!, disk, _buffer);
        if (difference is null)
        {
            Report.FoundAcknowledged++;
            return promise.Acknowledged;
        }

        problem = promise.Written == promise.Acknowledged ? difference : promise.Written.DifferenceTo(storage!, disk, _buffer);
        if (problem is null)
            Report.FoundWritten++;
        else if (promise.Written != promise.Acknowledged)
            problem = $"neither what was acknowledged ({difference}) nor what was being written ({problem})";
        return problem is null ? promise.Written : null;
    }

    /// <summary>Crashes the recovery of an image at each of its operations; what it returned in the end stays.</summary>
    private bool CheckRecovery(CrashImage image, StoragePromise promise, string where)
    {
        var recorder = new RecordingDisk(new ImageDisk(image.Files), [.. image.Files.Keys], promise);
        var found = Find(_options.Disk?.Invoke(recorder) ?? recorder, promise, out _);
        recorder.Promise = new(found!, found!, "nothing");
        Walk(recorder, image, ImagesOfRecovery, $"{where}; then in recovery", (_, again, promised, place) =>
        {
            Report.CrashesInRecovery++;
            return Check(new(again.Files), again, promised, place) is not null;
        });
        return Report.Violation is null;
    }

    /// <summary>A recovered storage is used, and what it then acknowledges survives a power cut that takes whatever it may.</summary>
    private bool CheckUse(CrashImage image, StorageModel found, string where)
    {
        var recorder = new RecordingDisk(new ImageDisk(image.Files), [.. image.Files.Keys], new(found, found, "opening"));
        try
        {
            new StorageWorkload(_random.Fork(), recorder, _options.Disk?.Invoke(recorder) ?? recorder).Run(steps: 3);
        }
        catch (Exception failure) when (failure is ViolationException or InvariantException or IOException)
        {
            Report.Violation = $"Seed {_options.Seed}, {where}; then in use: {failure.Message}";
            return false;
        }

        Walk(recorder, image, ImagesOfRecovery, $"{where}; then in use", (_, again, promised, place) => Check(new(again.Files), again, promised, place) is not null);
        return Report.Violation is null;
    }
}

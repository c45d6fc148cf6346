using System.Globalization;
using RaftStream.Samples;

// A thousand sensors send a reading each second to three nodes, of which one is killed now and then. Tells at the end whether a reading was lost or doubled, and what each death did to the throughput.
//   dotnet run -c Release --project samples/SensorFleet -- 600 60 data
// The program starts itself as the nodes: SensorFleet node ID MEMBERS FOLDER URL.
switch (args)
{
    case ["node", var id, var members, var data, var url]:
        await FleetNode.RunAsync(int.Parse(id, CultureInfo.InvariantCulture), members, data, url);
        return 0;
    case [var seconds, var killEvery, var folder] when int.TryParse(seconds, out var span) && int.TryParse(killEvery, out var every) && span is >= 1 and <= 86_400 && every >= 3:
        return await FleetRun.RunAsync(TimeSpan.FromSeconds(span), TimeSpan.FromSeconds(every), folder, Console.Out);
    default:
        Console.Error.WriteLine("Give how many seconds to run (1 to 86400), after how many a node is killed each time (3 or more), and an empty folder for the nodes' data: SensorFleet 600 60 data");
        return 64;
}

Console.Error.WriteLine("usage: lease COMMAND");
return 2;
